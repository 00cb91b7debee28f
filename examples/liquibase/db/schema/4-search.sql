--liquibase formatted sql

--changeset ines:search runInTransaction:false
create index concurrently tool_name on tool (lower(name));
--rollback drop index tool_name;

--changeset ines:count splitStatements:false
create function loans_of(tool bigint) returns bigint language sql stable as $$
  select count(*) from loan where tool_id = tool;
$$;
--rollback drop function loans_of(bigint);

--changeset ines:elsewhere dbms:oracle
select 1 from dual;

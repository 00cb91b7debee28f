--liquibase formatted sql

--changeset ines:shelves runOnChange:true
create or replace view shelves as select shelf, count(*) as tools from tool group by shelf;
--rollback drop view shelves;

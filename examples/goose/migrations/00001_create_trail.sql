-- +goose Up
create table trail (
    id bigint generated always as identity primary key,
    name text not null unique,
    length_km numeric(6, 2) not null check (length_km > 0)
);

-- +goose StatementBegin
create function longest_trail() returns text language plpgsql stable as $$
begin
    return (select name from trail order by length_km desc limit 1);
end;
$$;
-- +goose StatementEnd

-- +goose Down
drop function longest_trail();
drop table trail;

-- +goose NO TRANSACTION
-- +goose Up
create index concurrently trail_length on trail (length_km);

-- +goose Down
drop index concurrently trail_length;

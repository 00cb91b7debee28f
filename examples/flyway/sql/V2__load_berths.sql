insert into berth (name, kind, length_m) values
    ('North quay', 'quay', 320),
    ('South pier', 'pier', 140.5),
    ('Old buoy', 'buoy', 60);

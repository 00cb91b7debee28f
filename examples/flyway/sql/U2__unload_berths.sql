delete from berth where name in ('North quay', 'South pier', 'Old buoy');

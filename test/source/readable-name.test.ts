import { expect, it } from 'vitest';
import { readableName } from '../../src/source/readable-name.js';

it.each([
  ['20240101093000_create_users', 'create_users'],
  ['2025-01-10_rooms', 'rooms'],
  ['2025-01-10T09:30:00_rooms', 'rooms'],
  ['2025_01_10_Test_rooms', 'Test_rooms'],
  ['1-rooms', 'rooms'],
  ['001_2fa', '2fa'],
  ['rooms', 'rooms'],
  ['20240101', '20240101'],
])('of %s is %s', (stem, name) => {
  expect(readableName(stem)).toBe(name);
});

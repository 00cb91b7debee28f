const time = /^(?:\d(?:[\d:_-]|T(?=\d))*[_-](?=\D)|\d+[_-]+(?=.))/;

/** The name of a file without the number or time in front, which may be written as a date: `2025-01-10_rooms`. */
export const readableName = (stem: string): string => stem.replace(time, '');

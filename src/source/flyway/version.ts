/** Dots, whatever the file name has: what Flyway shows and keeps of `1_2`. Null for what is no version of Flyway's. */
export function flywayVersion(text: string): string | null {
  const version = text.replaceAll('_', '.');
  return /^\d+(?:\.\d+)*$/.test(version) ? version : null;
}

/** What makes two versions the same one: numbers by value, zeros at the end left out. `001` is `1`, `1.0` is `1`. */
export function versionKey(version: string): string {
  const parts = version.split('.').map((part) => BigInt(part).toString());
  while (parts.length > 1 && parts.at(-1) === '0') parts.pop();
  return parts.join('.');
}

/** Compares two versions part by part, as numbers of any size. */
export function compareFlywayVersions(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = BigInt(left[index] ?? 0) - BigInt(right[index] ?? 0);
    if (difference !== 0n) return difference < 0n ? -1 : 1;
  }
  return 0;
}

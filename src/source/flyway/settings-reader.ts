import { LockkeeperError } from '../../core/errors.js';
import type { RawSettings } from './keys.js';

/** One value after another, in the form that is wanted. */
export class SettingsReader {
  readonly #settings: RawSettings;

  constructor(settings: RawSettings) {
    this.#settings = settings;
  }

  text(key: string): string | null {
    const value = this.#settings.get(key);
    if (value === undefined || value === '') return null;
    return typeof value === 'string' ? value : Array.isArray(value) ? value.join(',') : null;
  }

  list(key: string): readonly string[] {
    return (this.text(key) ?? '').split(',').map((item) => item.trim()).filter((item) => item !== ''); // prettier-ignore
  }

  map(key: string): Readonly<Record<string, string>> {
    const value = this.#settings.get(key);
    return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, string>) : {};
  }

  /** @throws {CONFIG_INVALID} for anything but true and false. */
  flag(key: string, otherwise: boolean): boolean {
    const text = this.text(key)?.toLowerCase();
    if (text === undefined) return otherwise;
    if (text === 'true' || text === 'false') return text === 'true';
    throw new LockkeeperError('CONFIG_INVALID', {
      message: `Flyway's setting "${key}" is "${text}". Accepted: true, false.`,
      hint: 'Correct it in the configuration of Flyway.',
      details: { key },
    });
  }
}

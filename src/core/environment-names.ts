/** Environments that need not be defined, each with the other words for it. */
const standardNames: Readonly<Record<string, readonly string[]>> = {
  development: ['dev'],
  test: ['testing'],
  staging: ['stage'],
  production: ['prod'],
};

/** Names that may be asked for without being defined. */
export const standardEnvironments: readonly string[] = ['development', 'test', 'staging', 'production'];

/** `dev` is `development`, `Prod` is `production`; a name of the user's own stays as it is. */
export function canonicalEnvironment(name: string): string {
  const wanted = name.trim().toLowerCase();
  for (const [canonical, aliases] of Object.entries(standardNames)) {
    if (wanted === canonical || aliases.includes(wanted)) return canonical;
  }
  return name.trim();
}

/** The canonical name first, then the other words for it. */
export function environmentAliases(canonical: string): readonly string[] {
  return [canonical, ...(Object.hasOwn(standardNames, canonical) ? (standardNames[canonical] ?? []) : [])];
}

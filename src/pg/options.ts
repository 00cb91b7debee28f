/** How to reach one database; the resolved form that `config/` makes and `pg/` uses. */
export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | (() => string | Promise<string>) | null;
  /** `false`: no TLS · an object: TLS, verified unless `rejectUnauthorized` was switched off by name. */
  readonly ssl: false | TlsOptions;
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
  /** Role to SET after login; null for none. */
  readonly role: string | null;
  /** search_path of the session; null leaves the server's. */
  readonly searchPath: readonly string[] | null;
}

export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  /** PEM text. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** Name that the certificate must carry; null = the host. */
  readonly servername: string | null;
  /** verify-ca checks the chain and not the name. */
  readonly checkName: boolean;
}

/** Where the database of an environment is. */
export type Target =
  | {
      readonly kind: 'server';
      readonly connection: ConnectionOptions;
      /** A way round a pooler, used for migrations where given. */
      readonly direct: ConnectionOptions | null;
      /** What the user says about a pooler; null = find out. */
      readonly pooled: boolean | null;
    }
  | {
      readonly kind: 'embedded';
      /** Absolute path of the folder that holds the server's data, e.g. `<project>/.lockkeeper/postgres-18`. */
      readonly dir: string;
      readonly database: string;
      readonly applicationName: string;
      readonly role: string | null;
      readonly searchPath: readonly string[] | null;
    };

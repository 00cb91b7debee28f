/** SQLSTATEs that Lockkeeper acts on; names from Appendix A of the PostgreSQL manual. */
export const sqlstate = {
  /** A division by zero: how our own guards inside a message stop it. */
  divisionByZero: '22012',
  uniqueViolation: '23505',
  /** A setting was given a value that it does not take; `role` among them, where there is no such role. */
  invalidParameterValue: '22023',
  activeSqlTransaction: '25001',
  readOnlySqlTransaction: '25006',
  inFailedSqlTransaction: '25P02',
  /** COMMIT or ROLLBACK in a procedure or DO block that was called inside a transaction. */
  invalidTransactionTermination: '2D000',
  invalidAuthorization: '28000',
  invalidPassword: '28P01',
  invalidCatalogName: '3D000',
  deadlockDetected: '40P01',
  insufficientPrivilege: '42501',
  syntaxError: '42601',
  duplicateSchema: '42P06',
  duplicateTable: '42P07',
  tooManyConnections: '53300',
  /** "pending trigger events" and other objects in use. */
  objectInUse: '55006',
  lockNotAvailable: '55P03',
  unsafeNewEnumValueUsage: '55P04',
  queryCanceled: '57014',
  adminShutdown: '57P01',
  crashShutdown: '57P02',
  cannotConnectNow: '57P03',
  undefinedObject: '42704',
  undefinedTable: '42P01',
  protocolViolation: '08P01',
  internalError: 'XX000',
} as const;

const shared = {
  client: 'pg',
  migrations: { directory: './migrations', loadExtensions: ['.js', '.cjs', '.mjs'] },
};

module.exports = {
  development: { ...shared, connection: process.env.DATABASE_URL },
  production: { ...shared, connection: process.env.DATABASE_URL, pool: { min: 2, max: 10 } },
};

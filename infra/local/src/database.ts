import pg from 'pg';

/** Passwords of the two roles: letters, digits, `-` and `_` only. */
export type RolePasswords = { owner: string; app: string };

/** `owner` may change the schema, `app` only its rows: what migrations use, and what services use. */
export type DatabaseUrls = { owner: string; app: string };

/**
 * Makes the roles and an empty database, or finds them, and sets the roles' passwords.
 *
 * The services' role gets its rights on tables by default privileges, so a migration needs not name it.
 *
 * @param superuserUrl any database of the server
 */
export async function ensureDatabase(
  superuserUrl: string,
  name: string,
  passwords: RolePasswords,
): Promise<DatabaseUrls> {
  await withClient(superuserUrl, async (client) => {
    for (const [role, password] of Object.entries({ dialog_owner: passwords.owner, dialog_app: passwords.app })) {
      const known = await client.query('select from pg_roles where rolname = $1', [role]);
      const verb = known.rowCount === 0 ? 'create' : 'alter';
      await client.query(`${verb} role ${role} login password '${password}'`);
    }
    const known = await client.query('select from pg_database where datname = $1', [name]);
    if (known.rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(name)} owner dialog_owner`);
  });
  const urls = databaseUrls(superuserUrl, name, passwords);
  await withClient(urls.owner, (client) =>
    client.query(`
      grant usage on schema public to dialog_app;
      alter default privileges grant select, insert, update, delete on tables to dialog_app;
      alter default privileges grant usage, select on sequences to dialog_app;
    `),
  );
  return urls;
}

/** The addresses of a database for both roles. */
export function databaseUrls(serverUrl: string, name: string, passwords: RolePasswords): DatabaseUrls {
  const as = (role: string, password: string) => {
    const url = new URL(serverUrl);
    url.username = role;
    url.password = password;
    url.pathname = `/${name}`;
    return url.href;
  };
  return { owner: as('dialog_owner', passwords.owner), app: as('dialog_app', passwords.app) };
}

/** Opens one connection for the length of `work`. */
export async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

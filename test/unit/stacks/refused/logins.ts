import { postgresSite } from "../postgres-site.ts";
import type { Changes } from "../sample.ts";
import type { RefusedSites } from "./index.ts";

const at = "homelab:apps.typeo.logins[0]";

/** Home with a database, and Typeo with these logins. */
const typeo = (...logins: readonly object[]): Changes => ({
  ...postgresSite(),
  "apps.typeo.logins": logins,
});

const photos = { to: "postgres/main/photos" };

/** Applications that would look for a store in vain, or be told of it where something else is told. */
export const logins: RefusedSites = {
  "a login to a store of a kind that there is not": {
    edit: typeo({ to: "mysql/main/photos" }),
    at: `${at}.to`,
    says: /name a store as postgres\/CLUSTER\/DATABASE/,
  },
  "a login to a database that nobody declares": {
    edit: typeo({ to: "postgres/main/typeo" }),
    at: `${at}.to`,
    says: /postgres\/main\/typeo is not declared; known are postgres\/main\/photos, postgres\/main\/home_assistant\. Declare it in homelab:postgres/,
  },
  "a login to Postgres on a site without it": {
    edit: { "apps.typeo.logins": [photos] },
    at: `${at}.to`,
    says: /the site has none of its kind; declare it in homelab:postgres, or leave the login out/,
  },
  "a variable that holds what no login has": {
    edit: typeo({ ...photos, environment: { DATABASE_URL: "url" } }),
    at: `${at}.environment.DATABASE_URL`,
    says: /url is no part of the login; use host, port, dbname, username, password, uri/,
  },
  "a variable of a login that the application sets itself": {
    edit: { ...typeo(photos), "apps.typeo.environment": { PGHOST: "elsewhere" } },
    at,
    says: /sets PGHOST, which `environment` or `settings` sets too/,
  },
  "two logins in the same variables": {
    edit: typeo(photos, { to: "postgres/main/home_assistant" }),
    at: "homelab:apps.typeo.logins[1].environment",
    says: /PGHOST is of another login already; name variables of its own/,
  },
  "one store twice": {
    edit: typeo(photos, { ...photos, folder: "/run/photos" }),
    at: "homelab:apps.typeo.logins[1].to",
    says: /is there already; make one login of both/,
  },
  "two logins in one folder": {
    edit: typeo(
      { ...photos, folder: "/run/postgres" },
      { to: "postgres/main/home_assistant", folder: "/run/postgres" },
    ),
    at: "homelab:apps.typeo.logins[1].folder",
    says: /is of another login already/,
  },
  "a folder that is half a path": {
    edit: typeo({ ...photos, folder: "run/../etc" }),
    at: `${at}.folder`,
    says: /use a whole path such as \/run\/postgres/,
  },
  "an application's database by a Secret for others": {
    edit: postgresSite({ databases: { photos: { secretIn: ["typeo"] } } }),
    at: "homelab:postgres.clusters.main.databases.photos.secretIn[0]",
    says: /typeo is an application of the site's; write homelab:apps\.typeo\.logins with to: postgres\/main\/photos in its place/,
  },
};

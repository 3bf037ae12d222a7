import type { Problem } from "../../components/problem.ts";
import type { Apps } from "../apps/names.ts";
import type { SiteConfig } from "../schema.ts";
import { kindOf } from "./kinds.ts";
import { variablesOf, type Logins } from "./schema.ts";
import { siteStores } from "./stores.ts";

/** Stores that applications log in to are there, and are told where nothing else is. */
export function checkLogins(config: SiteConfig): readonly Problem[] {
  const apps: Apps = config.apps;
  const known = siteStores(config).map(({ address }) => address);
  return Object.entries(apps).flatMap(([name, app]) =>
    (app?.logins ?? []).flatMap((login, i, all) => {
      const path = `homelab:apps.${name}.logins[${i}]`;
      return [
        ...there(path, login, known),
        ...keys(path, login),
        ...twice(path, login, all.slice(0, i)),
      ];
    }),
  );
}

type Login = Logins[number];

function there(path: string, { to }: Login, known: readonly string[]): readonly Problem[] {
  if (known.includes(to)) return [];
  const [part = ""] = to.split("/");
  const { section } = kindOf(to);
  const alike = known.filter((one) => one.startsWith(`${part}/`)).join(", ");
  const text =
    alike === ""
      ? `the site has none of its kind; declare it in ${section}, or leave the login out`
      : `${to} is not declared; known are ${alike}. Declare it in ${section}, or name one of these`;
  return [{ path: `${path}.to`, text }];
}

function keys(path: string, login: Login): readonly Problem[] {
  const { keys: known } = kindOf(login.to);
  return Object.entries(variablesOf(login))
    .filter(([, key]) => !known.includes(key))
    .map(([variable, key]) => ({
      path: `${path}.environment.${variable}`,
      text: `${key} is no part of the login; use ${known.join(", ")}`,
    }));
}

function twice(path: string, login: Login, before: readonly Login[]): readonly Problem[] {
  const { to, folder } = login;
  if (before.some((one) => one.to === to))
    return [{ path: `${path}.to`, text: `${to} is there already; make one login of both` }];
  const taken = before.flatMap((one) => Object.keys(variablesOf(one)));
  return [
    ...Object.keys(variablesOf(login))
      .filter((variable) => taken.includes(variable))
      .map((variable) => ({
        path: `${path}.environment`,
        text: `${variable} is of another login already; name variables of its own`,
      })),
    ...(folder !== undefined && before.some((one) => one.folder === folder)
      ? [{ path: `${path}.folder`, text: `${folder} is of another login already; use another one` }]
      : []),
  ];
}

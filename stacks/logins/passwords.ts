import type { Output } from "@pulumi/pulumi";
import type { Secrets } from "../../components/security/secrets.ts";

/** Passwords of those whose config refers to one, by their names; for the rest one is drawn. */
export const givenPasswords = (
  secrets: Secrets,
  all: Readonly<Record<string, { readonly password?: string | undefined }>>,
): Readonly<Record<string, Output<string>>> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, { password }]) =>
      password === undefined ? [] : [[name, secrets.get(password)]],
    ),
  );

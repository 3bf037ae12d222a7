import { RandomPassword } from "@pulumi/random/randomPassword.js";
import {
  ComponentResource,
  output,
  secret,
  type ComponentResourceOptions,
  type Input,
  type Output,
} from "@pulumi/pulumi";
import { drawnPassword } from "../workload/login.ts";
import type { SignOnClient, SignOnService } from "./client.ts";
import { dexEndpoints, dexIssuer, dexProvider } from "./names.ts";

export interface DexLoginsArgs {
  readonly hostname: string;
  /** Domain of the cluster's Services. */
  readonly clusterDomain: string;
  /** Services by the id of their client. */
  readonly services: Readonly<Record<string, SignOnService>>;
  /** Addresses of people, in lower case. */
  readonly people: readonly string[];
  /** bcrypt hashes of those who chose their password themselves, by their address; secret. */
  readonly chosen: Readonly<Record<string, Input<string>>>;
}

/** A password of nobody's choice is typed by hand at times. */
const passwordLength = 20;

/**
 * By what people and services prove to Dex who they are: passwords and secrets that nobody chose, kept in the state. Somebody
 * who is taken out and comes back has another password.
 */
export class DexLogins extends ComponentResource {
  readonly clients: Readonly<Record<string, SignOnClient>>;
  /** Passwords that were drawn, by address; secret. */
  readonly passwords: Readonly<Record<string, Output<string>>>;
  /** bcrypt hashes of all, by address; secret. */
  readonly hashes: Readonly<Record<string, Output<string>>>;

  constructor(name: string, args: DexLoginsArgs, opts?: ComponentResourceOptions) {
    super("homelab:identity:Logins", name, {}, opts);
    this.clients = this.drawClients(name, args);
    const drawn = this.drawPasswords(name, args);
    this.passwords = mapped(drawn, ({ result }) => secret(result));
    this.hashes = {
      ...mapped(drawn, ({ bcryptHash }) => secret(bcryptHash)),
      ...mapped(args.chosen, (hash) => secret(hash)),
    };
    this.registerOutputs({});
  }

  private drawClients(
    name: string,
    { hostname, clusterDomain, services }: DexLoginsArgs,
  ): Readonly<Record<string, SignOnClient>> {
    return Object.fromEntries(
      Object.entries(services).map(([id, { onPeoplesMachines = false }]) => [
        id,
        {
          provider: dexProvider,
          issuer: output(dexIssuer(hostname)),
          endpoints: output(dexEndpoints(hostname, clusterDomain)),
          clientId: output(id),
          clientSecret: onPeoplesMachines ? secret("") : drawnPassword(`${name}-${id}`, this),
        },
      ]),
    );
  }

  private drawPasswords(
    name: string,
    { people, chosen }: DexLoginsArgs,
  ): Readonly<Record<string, RandomPassword>> {
    return Object.fromEntries(
      people
        .filter((email) => !Object.hasOwn(chosen, email))
        .map((email) => [
          email,
          new RandomPassword(
            `${name}-password-${email}`,
            { length: passwordLength, special: false },
            { parent: this },
          ),
        ]),
    );
  }
}

function mapped<T, U>(
  all: Readonly<Record<string, T>>,
  make: (one: T) => U,
): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(all).map(([key, one]) => [key, make(one)]));
}

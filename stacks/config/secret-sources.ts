import * as runtimeConfig from "@pulumi/pulumi/runtime/config.js";
import type { SecretSources } from "../../components/security/secret-ref.ts";

/** The types leave `isConfigSecret` out; `Config` itself tells only by a warning. */
const { allConfig, isConfigSecret } = runtimeConfig as typeof runtimeConfig & {
  isConfigSecret(this: void, key: string): boolean;
};

/** Namespace of encrypted values: `pulumi config set --secret secrets:NAME`. */
const namespace = "secrets";

/**
 * Where the running program finds its secrets: 1Password, with Connect's token in OP_CONNECT_TOKEN or the service account's
 * in OP_SERVICE_ACCOUNT_TOKEN, and the stack's own encrypted config.
 */
export function secretSources(
  onePassword: { readonly connect?: string; readonly serviceAccount: boolean } | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): SecretSources {
  const { connect, serviceAccount = false } = onePassword ?? {};
  return {
    connect,
    serviceAccount,
    token: env[serviceAccount ? "OP_SERVICE_ACCOUNT_TOKEN" : "OP_CONNECT_TOKEN"],
    config: {
      get: (name) => allConfig()[`${namespace}:${name}`],
      isSecret: (name) => isConfigSecret(`${namespace}:${name}`),
    },
  };
}

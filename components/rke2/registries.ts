import { stringify } from "yaml";

/** Registries by name as images name them, with a port where they have one. */
export type Registries<Password = string> = Readonly<
  Record<
    string,
    {
      /** Addresses of mirrors, asked in this order. */
      readonly endpoints: readonly string[];
      readonly login?: { readonly username: string; readonly password: Password };
      /** Certificates in PEM form. */
      readonly ca?: string;
    }
  >
>;

/** Folder on a node that holds the certificates. */
const folder = "/etc/rancher/rke2/registries.d";

/**
 * `registries.yaml`, or an empty string without registries. RKE2 makes containerd's settings of it when it starts.
 * @see https://docs.rke2.io/install/private_registry
 */
export function registriesConfig(registries: Registries): string {
  const entries = Object.entries(registries);
  if (entries.length === 0) return "";
  const mirrors = entries.flatMap(([name, { endpoints }]) =>
    endpoints.length === 0 ? [] : [[name, { endpoint: endpoints }]],
  );
  const configs = entries.flatMap(([name, { login, ca }]) =>
    login === undefined && ca === undefined
      ? []
      : [
          [
            name,
            {
              ...(login === undefined ? {} : { auth: login }),
              ...(ca === undefined ? {} : { tls: { ca_file: `${folder}/${caFile(name)}` } }),
            },
          ],
        ],
  );
  return stringify({
    ...(mirrors.length === 0 ? {} : { mirrors: Object.fromEntries(mirrors) as object }),
    ...(configs.length === 0 ? {} : { configs: Object.fromEntries(configs) as object }),
  });
}

/** Certificates by file: a line each, the file's name and its content in base64. */
export function registryCertificates(registries: Registries<unknown>): string {
  return Object.entries(registries)
    .flatMap(([name, { ca }]) =>
      ca === undefined ? [] : [`${caFile(name)} ${Buffer.from(ca).toString("base64")}`],
    )
    .join("\n");
}

function caFile(name: string): string {
  return `${name.replaceAll(/[^A-Za-z0-9.-]/g, "_")}.pem`;
}

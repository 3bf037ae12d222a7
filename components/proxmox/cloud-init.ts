import { stringify } from "yaml";

/** What a machine must know at its first boot. */
export interface CloudInitArgs {
  readonly name: string;
  readonly domain: string;
  /** Public half of the site's login key, one authorized_keys line. */
  readonly loginKey: string;
  /** The machine's own ed25519 host key: private half in OpenSSH PEM form, public half as one line. */
  readonly hostKey: { readonly privateKey: string; readonly publicKey: string };
}

/**
 * The machine's `#cloud-config` document: name, login of root by key, host key. It holds nothing that may change later,
 * for Proxmox runs it once and a change would need a new machine.
 * @see https://docs.cloud-init.io/en/latest/reference/modules.html
 */
export function cloudInit(args: CloudInitArgs): string {
  const document = {
    hostname: args.name,
    fqdn: `${args.name}.${args.domain}`,
    manage_etc_hosts: true,
    disable_root: false,
    users: [{ name: "root", lock_passwd: true, ssh_authorized_keys: [args.loginKey.trim()] }],
    ssh_deletekeys: true,
    ssh_genkeytypes: [],
    ssh_keys: {
      ed25519_private: `${args.hostKey.privateKey.trim()}\n`,
      ed25519_public: args.hostKey.publicKey.trim(),
    },
  };
  return `#cloud-config\n${stringify(document, { lineWidth: 0 })}`;
}

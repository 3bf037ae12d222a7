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
 * The machine's `#cloud-config` document: name, login of root by key, host key. It holds nothing that changes in a
 * machine's life. Proxmox writes it onto the machine's drive anew at every start, with an instance-id made of document
 * and network (qemu-server, PVE/QemuServer/Cloudinit.pm, nocloud_gen_metadata): after a change of address or DNS, even
 * months before, cloud-init does all of this once more at the next start, so it must do no harm twice. A start without
 * the file on the host is refused.
 *
 * A host key of the document is the only one: cloud-init generates none beside it (cc_ssh.py, handle).
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
    ssh_keys: {
      ed25519_private: `${args.hostKey.privateKey.trim()}\n`,
      ed25519_public: args.hostKey.publicKey.trim(),
    },
  };
  return `#cloud-config\n${stringify(document, { lineWidth: 0 })}`;
}

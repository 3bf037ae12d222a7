import assert from "node:assert/strict";
import { parse } from "yaml";
import { labEnvironment } from "../shell/environment.ts";
import { mergeKubeconfigs } from "../shell/kubeconfig.ts";
import { sshConfig, withNames } from "../shell/ssh-files.ts";
import { labPaths } from "../host/paths.ts";

describe("the environment of the lab's shell", () => {
  const paths = labPaths({ HOMELAB_LAB: "/srv/lab", HOME: "/home/me" });
  const credentials = {
    apiTokenSecret: "0c3a3e0e-7f43-4c4f-9d38-3c2f2d7e5d55",
    ssh: { privateKey: "private", publicKey: "public" },
    passphrase: "phrase",
    connectServer: { token: "server-token", key: "server-key", device: "device" },
    connectToken: "connect",
  };
  const base = {
    PATH: "/usr/bin",
    TERM: "xterm",
    HTTPS_PROXY: "http://proxy:3128",
    KUBECONFIG: "/home/me/.kube/config",
    PULUMI_ACCESS_TOKEN: "cloud",
    SSH_AUTH_SOCK: "/tmp/agent",
    npm_config_registry: "https://registry.example",
  };
  const environment = labEnvironment(paths, "/tools", credentials, base);

  it("gives the credentials in the variables that the providers document", () => {
    assert.equal(
      environment["PROXMOX_VE_API_TOKEN"],
      "homelab@pve!pulumi=0c3a3e0e-7f43-4c4f-9d38-3c2f2d7e5d55",
    );
    assert.equal(environment["PROXMOX_VE_SSH_PRIVATE_KEY"], "private");
    assert.equal(environment["PULUMI_CONFIG_PASSPHRASE"], "phrase");
  });

  it("keeps the state in files that a killed CLI cannot leave half written", () => {
    assert.equal(environment["PULUMI_BACKEND_URL"], "file:///srv/lab/pulumi?metadata=skip");
  });

  it("leaves the caller's proxies, accounts and agents outside, and keeps the terminal", () => {
    for (const name of ["HTTPS_PROXY", "PULUMI_ACCESS_TOKEN", "SSH_AUTH_SOCK"]) {
      assert.equal(environment[name], undefined, name);
    }
    assert.equal(environment["npm_config_registry"], undefined);
    assert.equal(environment["KUBECONFIG"], "/srv/lab/home/.kube/config");
    assert.equal(environment["TERM"], "xterm");
  });

  it("finds the lab's tools first and trusts the lab's authority", () => {
    assert.match(environment["PATH"] ?? "", /^\/tools:.*node_modules\/\.bin:\/usr\/bin$/);
    assert.equal(environment["SSL_CERT_FILE"], "/srv/lab/ca/bundle.pem");
    assert.equal(environment["NODE_EXTRA_CA_CERTS"], "/srv/lab/ca/bundle.pem");
  });

  it("keeps socket paths below the kernel's 108 bytes wherever the clone lies", () => {
    const deep = labPaths({ HOMELAB_LAB: `/${"deep/".repeat(60)}lab` });
    assert.ok(`${deep.sockets}/router-cabin.ctl`.length < 60);
    assert.notEqual(deep.sockets, paths.sockets);
  });
});

describe("the shell's kubeconfig", () => {
  const kubeconfig = (server: string): string =>
    JSON.stringify({
      clusters: [{ name: "default", cluster: { server } }],
      users: [{ name: "default", user: { token: server } }],
    });

  it("has a context for each stack, and home is the current one", () => {
    const merged = parse(
      mergeKubeconfigs([
        { stack: "cabin", kubeconfig: kubeconfig("https://192.168.2.20:6443") },
        { stack: "home", kubeconfig: kubeconfig("https://192.168.1.20:6443") },
      ]),
    ) as Record<string, unknown>;
    assert.equal(merged["current-context"], "home");
    assert.deepEqual(merged["contexts"], [
      { name: "cabin", context: { cluster: "cabin", user: "cabin" } },
      { name: "home", context: { cluster: "home", user: "home" } },
    ]);
  });

  it("names the stack whose output is no kubeconfig", () => {
    assert.throws(() => mergeKubeconfigs([{ stack: "home", kubeconfig: "{}" }]), /stack home: /);
  });
});

describe("ssh inside the lab", () => {
  it("knows a machine by its name where the stack pins its address", () => {
    const pinned = "192.168.1.21 ssh-ed25519 AAAA\n\nproxmox-tank,192.168.1.22 ssh-ed25519 BBBB\n";
    const machines = [
      { name: "proxmox-stone", address: "192.168.1.21/24" },
      { name: "proxmox-tank", address: "192.168.1.22" },
    ];
    assert.equal(
      withNames(pinned, machines),
      "192.168.1.21,proxmox-stone ssh-ed25519 AAAA\nproxmox-tank,192.168.1.22 ssh-ed25519 BBBB\n",
    );
  });

  it("accepts unknown host keys of Proxmox hosts only", () => {
    const config = sshConfig({
      identities: ["/home/id_home"],
      knownHosts: "/home/known_hosts",
      learnedHosts: "/home/learned",
      proxmoxHosts: ["stone", "192.168.1.11"],
    });
    const [proxmox, others] = config.split("Host *");
    assert.match(
      proxmox ?? "",
      /^Host stone 192\.168\.1\.11\n {2}StrictHostKeyChecking accept-new/,
    );
    assert.match(others ?? "", /StrictHostKeyChecking yes/);
  });
});

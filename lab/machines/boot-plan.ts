import {
  fileContent,
  parseCloudConfig,
  runcmdScript,
  type CloudConfig,
  type CloudConfigUser,
} from "./cloud-init.ts";
import type { MachineDefinition } from "./machine.ts";

/** A file that the machine's init writes. */
export interface PlannedFile {
  readonly path: string;
  /** Base64. */
  readonly content: string;
  /** Octal digits. */
  readonly mode: string;
  /** `user:group`, names or numbers. */
  readonly owner: string;
  readonly append: boolean;
}

export interface PlannedUser {
  readonly name: string;
  readonly gecos: string;
  readonly groups: readonly string[];
  readonly primaryGroup: string;
  readonly shell: string;
  /** Entry of /etc/shadow. */
  readonly password: string;
  /** 0 lets the machine choose. */
  readonly uid: number;
  readonly home: string;
  readonly createHome: boolean;
  readonly system: boolean;
  readonly sudo: readonly string[];
  /** Whole lines of authorized_keys. */
  readonly authorizedKeys: readonly string[];
}

/** What a first boot does, in cloud-init's order: host keys, users, files, packages, commands. */
export interface FirstBoot {
  readonly users: readonly PlannedUser[];
  readonly hostKey?: { readonly private: string; readonly public: string };
  readonly deleteHostKeys: boolean;
  /** Types that are generated when the document brings no host key. */
  readonly generateHostKeys: readonly string[];
  readonly passwordLogin: boolean;
  readonly files: readonly PlannedFile[];
  readonly packageUpdate: boolean;
  readonly packageUpgrade: boolean;
  readonly packages: readonly string[];
  /** Shell script, empty for none. */
  readonly commands: string;
}

/** What the machine's init is told at each boot; the guest program reads it as JSON from /run/lab/boot.json. */
export interface BootPlan {
  /** The first boot is due when this differs from the disk's. */
  readonly instanceId: string;
  readonly userData: string;
  readonly hostname: string;
  readonly fqdn: string;
  /** `always` rewrites /etc/hosts at each boot, `localhost` keeps one line of it, `never` leaves it. */
  readonly manageHosts: "always" | "localhost" | "never";
  readonly extraHosts: readonly { readonly address: string; readonly name: string }[];
  readonly everyBoot: readonly PlannedFile[];
  /** Why the user-data cannot be used; then `firstBoot` is missing. */
  readonly problems: readonly string[];
  /** What makes the boot a degraded one. */
  readonly warnings: readonly string[];
  readonly firstBoot?: FirstBoot;
}

/** What the lab adds to a definition. */
export interface BootSurroundings {
  /** PEM certificates that the machine trusts. */
  readonly caBundle: string;
  /** Name to IPv4 address. */
  readonly extraHosts: Readonly<Record<string, string>>;
}

const noPassword = "*";

// The words that cloud-init puts before a key of a disabled root.
const disabledRoot = (login: string): string =>
  "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,no-user-rc," +
  `command="echo 'Please login as the user \\"${login}\\" rather than the user \\"root\\".';echo;sleep 10;exit 142" `;

const list = (value: string | readonly string[] | undefined): string[] =>
  typeof value === "string" ? value.split(",").map((part) => part.trim()) : [...(value ?? [])];

const planUser = (user: CloudConfigUser): PlannedUser => ({
  name: user.name,
  gecos: user.gecos ?? "",
  groups: list(user.groups),
  primaryGroup: user.primary_group ?? user.name,
  shell: user.shell ?? (user.name === "root" ? "/bin/bash" : "/bin/sh"),
  password:
    user.lock_passwd === false ? (user.hashed_passwd ?? user.passwd ?? noPassword) : noPassword,
  uid: user.uid ?? 0,
  home: user.homedir ?? (user.name === "root" ? "/root" : `/home/${user.name}`),
  createHome: user.no_create_home !== true,
  system: user.system === true,
  sudo: user.sudo === false || user.sudo === null ? [] : list(user.sudo),
  authorizedKeys: user.ssh_authorized_keys ?? [],
});

/** Debian's `system_info.default_user`; `user` renames it, as Proxmox' own documents do. */
const defaultUser = (config: CloudConfig): PlannedUser => ({
  ...planUser({
    name: config.user ?? "debian",
    gecos: "Debian",
    groups: ["adm", "audio", "cdrom", "dialout", "dip", "netdev", "plugdev", "sudo", "video"],
    shell: "/bin/bash",
    sudo: "ALL=(ALL) NOPASSWD:ALL",
  }),
  password: config.password ?? noPassword,
  authorizedKeys: config.ssh_authorized_keys,
});

const planUsers = (config: CloudConfig): PlannedUser[] => {
  const users = config.users.map((user) =>
    user === "default" ? defaultUser(config) : planUser(user),
  );
  const login = config.users.includes("default") ? (config.user ?? "debian") : "NONE";
  if (login === "root" || config.ssh_authorized_keys.length === 0) return users;
  // cloud-init gives the document's keys to root as well; with disable_root they only print a hint.
  const prefix = config.disable_root ? disabledRoot(login) : "";
  const root = {
    ...planUser({ name: "root" }),
    authorizedKeys: config.ssh_authorized_keys.map((key) => prefix + key),
  };
  return [...users, root];
};

const planFirstBoot = (config: CloudConfig): FirstBoot => ({
  users: planUsers(config),
  hostKey: config.ssh_keys && {
    private: config.ssh_keys.ed25519_private,
    public: config.ssh_keys.ed25519_public,
  },
  deleteHostKeys: config.ssh_deletekeys,
  generateHostKeys: config.ssh_genkeytypes,
  passwordLogin: config.ssh_pwauth,
  // Deferred files come after users and packages; here all do, so their owners exist.
  files: config.write_files.map((file) => ({
    path: file.path,
    content: fileContent(file).toString("base64"),
    mode: typeof file.permissions === "number" ? file.permissions.toString(8) : file.permissions,
    owner: file.owner,
    append: file.append,
  })),
  packageUpdate: config.package_update || config.packages.length > 0,
  packageUpgrade: config.package_upgrade,
  packages: config.packages,
  commands: config.runcmd.length === 0 ? "" : runcmdScript(config.runcmd),
});

const resolvConf = (definition: MachineDefinition): string => {
  const { searchDomain, nameservers } = definition.cloudInit;
  const lines = [
    ...(searchDomain ? [`search ${searchDomain}`] : []),
    ...nameservers.map((address) => `nameserver ${address}`),
  ];
  return lines.map((line) => `${line}\n`).join("");
};

const systemFile = (path: string, content: string): PlannedFile => ({
  path,
  content: Buffer.from(content).toString("base64"),
  mode: "0644",
  owner: "root:root",
  append: false,
});

/** Works out a machine's boot. Pure; problems of the user-data are part of the result. */
export function planBoot(definition: MachineDefinition, surroundings: BootSurroundings): BootPlan {
  const parsed = parseCloudConfig(definition.cloudInit.userData);
  const { config, problems } = parsed;
  const named = config?.hostname ?? config?.fqdn ?? definition.name;
  const hostname = named.split(".", 1)[0] ?? named;
  const domain = definition.cloudInit.searchDomain;
  const manage = config?.manage_etc_hosts ?? false;
  return {
    instanceId: definition.cloudInit.instanceId,
    userData: definition.cloudInit.userData,
    hostname,
    fqdn: config?.fqdn ?? (domain ? `${hostname}.${domain}` : hostname),
    manageHosts: manage === false ? "never" : manage === "localhost" ? "localhost" : "always",
    extraHosts: Object.entries(surroundings.extraHosts).map(([name, address]) => ({
      name,
      address,
    })),
    everyBoot: [
      systemFile("/etc/resolv.conf", resolvConf(definition)),
      systemFile("/etc/ssl/certs/ca-certificates.crt", surroundings.caBundle),
    ],
    problems: problems ?? [],
    warnings: parsed.config === undefined ? [] : parsed.warnings,
    firstBoot: config && planFirstBoot(config),
  };
}

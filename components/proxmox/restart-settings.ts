import { propertyString } from "./property-string.ts";
import type { vmArgs } from "./vm-args.ts";

/** Settings of a virtual machine that count only from its next start on, what people call them to their value. */
export type RestartSettings = Readonly<Record<string, string>>;

/** The part of a machine's arguments that is read; also what the state holds of them. */
export type VmInputs = Partial<Omit<ReturnType<typeof vmArgs>, "disks">> & {
  readonly machine?: string;
  readonly bios?: string;
  readonly hostpcis?: readonly { readonly mapping?: string }[];
  readonly usbs?: readonly { readonly mapping?: string }[];
  readonly disks?: readonly {
    readonly interface: string;
    readonly datastoreId?: string;
    readonly size?: number;
  }[];
};

/** What may wait for a start that comes anyway, or counts at once. */
const patient = new Set(["guest agent", "USB mappings", "cloud-init document"]);

/**
 * What the program asks for. A provider's update restarts the machine for these (bpg terraform-provider-proxmox v0.111.1,
 * proxmoxtf/resource/vm/vm.go, vmUpdate's rebootRequired), or has to stop it to move a disk (vmUpdateDiskLocation).
 * MAC addresses and MTUs are here because Proxmox takes such a card out of a machine that runs, and puts in another
 * (qemu-server src/PVE/QemuServer.pm, vmconfig_update_net); bridge and VLAN change under it.
 */
export function wantedSettings(vm: VmInputs): RestartSettings {
  const { dns, ipConfigs, datastoreId, userDataFileId } = vm.initialization ?? {};
  const [card, ...further] = ipConfigs ?? [];
  return {
    memory: `${vm.memory?.dedicated ?? 512} MiB`,
    cores: String(vm.cpu?.cores ?? 1),
    "CPU type": vm.cpu?.type ?? "qemu64",
    "machine type": vm.machine ?? "",
    firmware: vm.bios ?? "seabios",
    "PCI mappings": (vm.hostpcis ?? []).map(({ mapping = "" }) => mapping).join(", "),
    ...Object.fromEntries(
      (vm.networkDevices ?? []).flatMap(({ macAddress, mtu = 0 }, i) =>
        cardSettings(i, macAddress, String(mtu)),
      ),
    ),
    address: card?.ipv4.address ?? "",
    gateway: card?.ipv4.gateway ?? "",
    "addresses of further cards": further.map(({ ipv4 }) => ipv4.address).join(", "),
    "DNS servers": (dns?.servers ?? []).join(", "),
    "DNS domain": dns?.domain ?? "",
    "datastore of the cloud-init drive": datastoreId ?? "",
    "guest agent": vm.agent?.enabled === true ? "on" : "off",
    "USB mappings": (vm.usbs ?? []).map(({ mapping = "" }) => mapping).join(", "),
    "cloud-init document": userDataFileId ?? "",
    ...Object.fromEntries(
      (vm.disks ?? []).flatMap(({ interface: slot, datastoreId = "", size = 0 }) => [
        [storeOf(slot), datastoreId],
        [sizeOf(slot), `${size} GiB`],
      ]),
    ),
  };
}

/** The same as Proxmox answers it: GET nodes/N/qemu/ID/config. */
export function settingsInForce(config: Readonly<Record<string, unknown>>): RestartSettings {
  const text = (key: string): string => {
    const value = config[key];
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  const parts = (key: string): ReadonlyMap<string, string> => propertyString(text(key));
  const cpu = parts("cpu");
  const card = parts("ipconfig0");
  const numbered = (kind: string): readonly string[] =>
    Object.keys(config)
      .filter((key) => key.startsWith(kind) && /^\d+$/.test(key.slice(kind.length)))
      .sort((a, b) => Number(a.slice(kind.length)) - Number(b.slice(kind.length)));
  const mappings = (kind: string): string =>
    numbered(kind)
      .map((key) => parts(key).get("mapping") ?? "")
      .join(", ");
  const agent = parts("agent").get("enabled") ?? parts("agent").get("");
  const drives = Object.keys(config).filter((key) => /^(scsi|virtio|sata|ide)\d+$/.test(key));
  const drive = drives.find((key) => text(key).includes("cloudinit"));
  return {
    memory: `${parts("memory").get("") ?? parts("memory").get("current") ?? "512"} MiB`,
    cores: text("cores") || "1",
    "CPU type": cpu.get("cputype") ?? (cpu.get("") || "qemu64"),
    "machine type": parts("machine").get("") ?? parts("machine").get("type") ?? "",
    firmware: text("bios") || "seabios",
    "PCI mappings": mappings("hostpci"),
    ...Object.fromEntries(
      numbered("net").flatMap((key, i) =>
        cardSettings(i, parts(key).get("virtio") ?? "", parts(key).get("mtu") ?? "0"),
      ),
    ),
    address: card.get("ip") ?? "",
    gateway: card.get("gw") ?? "",
    "addresses of further cards": numbered("ipconfig")
      .slice(1)
      .map((key) => parts(key).get("ip") ?? "")
      .join(", "),
    "DNS servers": text("nameserver")
      .split(/[\s,]+/)
      .filter(Boolean)
      .join(", "),
    "DNS domain": text("searchdomain"),
    "datastore of the cloud-init drive": drive === undefined ? "" : text(drive).split(":", 1)[0]!,
    "guest agent": agent === "1" ? "on" : "off",
    "USB mappings": mappings("usb"),
    "cloud-init document": parts("cicustom").get("user") ?? "",
    ...Object.fromEntries(
      drives
        .filter((key) => !text(key).includes("media=cdrom"))
        .flatMap((key) => [
          [
            storeOf(key),
            text(key)
              .replace(/^file=/, "")
              .split(":", 1)[0] ?? "",
          ],
          [sizeOf(key), `${gibibytes(parts(key).get("size") ?? "")} GiB`],
        ]),
    ),
  };
}

const storeOf = (slot: string): string => `datastore of ${slot}`;
const sizeOf = (slot: string): string => `size of ${slot}`;

function cardSettings(index: number, mac: string, mtu: string): [string, string][] {
  return [
    [index === 0 ? "MAC address" : `MAC address of net${index}`, mac],
    [index === 0 ? "MTU" : `MTU of net${index}`, mtu === "0" ? "" : mtu],
  ];
}

/** Of a size as Proxmox writes it: `64G`, `65536M`, `2T`. */
function gibibytes(size: string): number {
  const unit = { K: 1 / 1024 ** 2, M: 1 / 1024, G: 1, T: 1024 }[size.slice(-1)];
  return unit === undefined ? Number(size) / 1024 ** 3 : Number(size.slice(0, -1)) * unit;
}

/**
 * What is to change, each as people read it: `memory 8192 MiB to 9216 MiB`. A disk that only one side has is made or
 * detached while the machine runs. A disk is grown while it runs too, unless something beside it waits for a start: then
 * the provider refuses (vmUpdate's pendingChangesBeforeResize).
 */
export function restartReasons(before: RestartSettings, after: RestartSettings): readonly string[] {
  const changed = Object.entries(after).flatMap(([name, value]) => {
    const old = before[name];
    if (old === undefined || old === value) return [];
    return [{ name, text: `${name} ${old || "none"} to ${value || "none"}` }];
  });
  const sizes = changed.filter(({ name }) => name.startsWith("size of "));
  const late = changed.filter(({ name }) => patient.has(name));
  const now = changed.filter((change) => !sizes.includes(change) && !late.includes(change));
  const reasons =
    now.length > 0 || sizes.length === 0 || late.length === 0 ? now : [...late, ...sizes];
  return reasons.map(({ text }) => text);
}

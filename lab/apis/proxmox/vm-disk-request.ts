import { parameterError } from "./api-error.ts";
import { parseProperties } from "./property-string.ts";

/** What a disk field of a create or config call asks for. */
export type DiskRequest =
  /** A CD drive: `none`, `cdrom`, or an ISO file's volume id. */
  | { readonly kind: "cdrom"; readonly file: string }
  | { readonly kind: "cloudinit"; readonly storage: string }
  | {
      readonly kind: "new";
      readonly storage: string;
      /** Size when nothing is imported. */
      readonly gib: number;
      /** Volume id of the image. */
      readonly importFrom?: string;
      readonly options: ReadonlyMap<string, string>;
    }
  | {
      readonly kind: "existing";
      readonly volid: string;
      readonly options: ReadonlyMap<string, string>;
    };

const options = new Set([
  ...["aio", "backup", "bps", "bps_rd", "bps_wr", "cache", "detect_zeroes", "discard", "efitype"],
  ...["file", "format", "import-from", "iops", "iops_max", "iops_rd", "iops_rd_max", "iops_wr"],
  ...["iops_wr_max", "iothread", "mbps", "mbps_max", "mbps_rd", "mbps_rd_max", "mbps_wr"],
  ...[
    "mbps_wr_max",
    "media",
    "ms-cert",
    "pre-enrolled-keys",
    "queues",
    "replicate",
    "rerror",
    "ro",
  ],
  ...["serial", "shared", "size", "snapshot", "ssd", "version", "werror", "wwn"],
]);

/** Options that say how to make the disk; they are not kept. */
const makingOnly = ["file", "format", "import-from", "size"];

/** @throws 400 with the disk's name for a field that Proxmox does not understand. */
export function parseDisk(name: string, value: string): DiskRequest {
  const properties = parseProperties(value, "file");
  const file = properties.get("file") ?? properties.get("volume");
  if (file === undefined) throw parameterError({ [name]: "invalid format - file: missing" });
  for (const key of properties.keys())
    if (!options.has(key)) {
      const reason =
        "property is not defined in schema and the schema does not allow additional properties";
      throw parameterError({ [name]: `invalid format - format error: ${name}.${key}: ${reason}` });
    }
  if (properties.get("media") === "cdrom" || file === "none" || file === "cdrom")
    if (!file.includes("cloudinit")) return { kind: "cdrom", file };

  const at = file.indexOf(":");
  const storage = file.slice(0, at);
  const volume = file.slice(at + 1);
  if (at < 1) throw parameterError({ [name]: `invalid format - '${file}' is not STORAGE:VOLUME` });
  if (volume === "cloudinit" || /^(\d+\/)?vm-\d+-cloudinit(\.\w+)?$/.test(volume))
    return { kind: "cloudinit", storage };

  const kept = new Map([...properties].filter(([key]) => !makingOnly.includes(key)));
  if (!/^\d+(\.\d+)?$/.test(volume)) return { kind: "existing", volid: file, options: kept };
  const importFrom = properties.get("import-from");
  if (importFrom === undefined && Number(volume) === 0)
    throw parameterError({ [name]: "a new disk needs a size in GiB or import-from" });
  return { kind: "new", storage, gib: Number(volume), importFrom, options: kept };
}

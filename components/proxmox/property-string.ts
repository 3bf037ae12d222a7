/**
 * A property string of Proxmox, such as `virtio=BC:24:11:00:00:01,bridge=vmbr0`, by its keys; what stands there without one
 * is under the empty key (pve-common, JSONSchema.pm: parse_property_string). Empty for what is no text.
 */
export function propertyString(value: unknown): ReadonlyMap<string, string> {
  if (typeof value !== "string" && typeof value !== "number") return new Map();
  return new Map(
    String(value)
      .split(",")
      .map((part) => {
        const at = part.indexOf("=");
        return at < 0 ? ["", part] : [part.slice(0, at), part.slice(at + 1)];
      }),
  );
}

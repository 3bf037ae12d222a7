import { File } from "@muhlba91/pulumi-proxmoxve/download/file.js";
import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";

export interface CloudImageArgs {
  /** Proxmox node that downloads and keeps the image. */
  readonly host: string;
  /** Datastore with content type `import`. */
  readonly datastore: string;
  readonly url: string;
  /** SHA-512 in hex; the host verifies it. */
  readonly sha512: string;
}

/** A cloud image on one host, downloaded by the host itself and verified there. */
export class CloudImage extends ComponentResource {
  /** Volume id, for `disks[].importFrom`. */
  readonly id: Output<string>;

  constructor(name: string, args: CloudImageArgs, opts?: ComponentResourceOptions) {
    super("homelab:proxmox:CloudImage", name, {}, opts);
    const file = new File(
      `${name}-file`,
      {
        nodeName: args.host,
        datastoreId: args.datastore,
        contentType: "import",
        fileName: imageFileName(args.url, args.sha512),
        url: args.url,
        checksum: args.sha512,
        checksumAlgorithm: "sha512",
        // The checksum fixes the content; asking upstream for its size at each refresh proves nothing more.
        overwrite: false,
        // A run that was killed may have left the file behind. Its name carries the checksum: nothing else is lost.
        overwriteUnmanaged: true,
      },
      { parent: this, deleteBeforeReplace: true },
    );
    this.id = file.id;
    this.registerOutputs({ id: this.id });
  }
}

/**
 * Name under which an image is kept on a host, from its address and checksum: `debian-13-...-4f46f067.qcow2`.
 * The checksum's head keeps two builds of one name apart, so that a new image never takes the old one's file.
 * Proxmox's `import` content wants one of .qcow2, .raw, .vmdk, .img.
 */
export function imageFileName(url: string, sha512: string): string {
  const file = new URL(url).pathname.split("/").at(-1) ?? "";
  const dot = file.lastIndexOf(".");
  const [stem, extension] = [file.slice(0, dot), file.slice(dot + 1)];
  return `${stem}-${sha512.slice(0, 8)}.${extension}`;
}

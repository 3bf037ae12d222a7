import { File } from "@muhlba91/pulumi-proxmoxve/download/file.js";
import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";

/** A cloud image, as its publisher offers it. */
export interface ImageSource {
  readonly url: string;
  readonly algorithm: "sha512" | "sha256";
  /** In hex; the host verifies it. */
  readonly checksum: string;
}

export interface CloudImageArgs extends ImageSource {
  /** Name of the site: another stack on the same Proxmox has a file of its own, and takes only that away. */
  readonly site: string;
  /** Proxmox node that downloads the image; it keeps it too, unless the datastore is shared. */
  readonly host: string;
  /** Datastore with content type `import`. */
  readonly datastore: string;
  /** Whether all hosts see the datastore's content. */
  readonly shared: boolean;
}

/** A cloud image on one host or for all of them, downloaded by a host itself and verified there. */
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
        fileName: imageFileName(args.site, args),
        url: args.url,
        checksum: args.checksum,
        checksumAlgorithm: args.algorithm,
        // The checksum fixes the content; asking upstream for its size at each refresh proves nothing more.
        overwrite: false,
        // A run that was killed may have left the file behind. Its name carries site and checksum: nothing else is lost.
        overwriteUnmanaged: true,
        // The provider gives up after ten minutes by itself, its host goes on, and the next run would begin anew: hosts fetch
        // at once, over a home's line. Seconds.
        uploadTimeout: 7200,
      },
      {
        parent: this,
        deleteBeforeReplace: true,
        // Which host fetched the file for all of them does not matter afterwards.
        ignoreChanges: args.shared ? ["nodeName"] : [],
      },
    );
    this.id = file.id;
    this.registerOutputs({ id: this.id });
  }
}

/**
 * Name under which an image is kept, from the site, its address and its checksum: `home-debian-13-...-4f46f067.qcow2`.
 * The checksum's head keeps two builds of one name apart, so that a new image never takes the old one's file. What is
 * published as .img, such as Ubuntu's images, is qcow2; Proxmox takes it for `import` only under that ending
 * (pve-storage, Storage.pm: UPLOAD_IMPORT_EXT_RE_1). It writes a _ for every other character (normalize_content_filename),
 * and the provider then looks for the name that it asked for.
 */
export function imageFileName(
  site: string,
  { url, checksum }: Pick<ImageSource, "url" | "checksum">,
): string {
  const file = new URL(url).pathname.split("/").at(-1) ?? "";
  const dot = file.lastIndexOf(".");
  const stem = file.slice(0, dot).replaceAll(/[^A-Za-z0-9_.-]/g, "_");
  const ending = file.slice(dot + 1).toLowerCase();
  return `${site}-${stem}-${checksum.slice(0, 8)}.${ending === "img" ? "qcow2" : ending}`;
}

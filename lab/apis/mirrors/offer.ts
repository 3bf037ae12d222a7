/** A file that the stand-in internet serves. */
export type Offer =
  | {
      readonly body: Buffer;
      readonly type: string;
      readonly headers?: Readonly<Record<string, string>>;
      /** Checksums by algorithm of the real file that the body stands for. */
      readonly standsFor?: Readonly<Record<string, string>>;
    }
  /** A large file, served from the disk. */
  | { readonly file: string; readonly type: string };

/** Finds what a host offers at a path (decoded, with its leading slash); undefined is a 404. */
export type OffersOf = (path: string) => Promise<Offer | undefined> | Offer | undefined;

/** Something that the mirrors serve, and whether it is the real thing. */
export interface MirroredThing {
  /** For example `chart cilium 1.19.6`. */
  readonly name: string;
  readonly kind: "real" | "stand-in";
  /** The folder or file that it comes from. */
  readonly detail: string;
}

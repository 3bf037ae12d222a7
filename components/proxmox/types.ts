/** A machine as the site plans it. */
export interface MachinePlan {
  /** Name of the VM, its hostname and its Kubernetes node. */
  readonly name: string;
  /** Proxmox node. */
  readonly host: string;
  readonly vmId: number;
  /** Static IPv4 address on the LAN. */
  readonly address: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly diskGb: number;
  readonly extraDisks: readonly { readonly sizeGb: number; readonly datastore?: string }[];
  readonly mac?: string;
  readonly tags: readonly string[];
  /** Names of PCI resource mappings. */
  readonly pci: readonly string[];
  readonly ha?: { readonly maxRestart: number; readonly maxRelocate: number };
  /** Position in the host's start order; lower starts first. */
  readonly startOrder: number;
}

/** What all machines of a site share. */
export interface SitePlan {
  /** Name of the site; part of tags and file names. */
  readonly name: string;
  readonly domain: string;
  /** LAN in CIDR form. */
  readonly lan: string;
  readonly gateway: string;
  readonly dns: readonly string[];
  readonly bridge: string;
  readonly pool: string;
  readonly datastores: {
    readonly images: string;
    readonly snippets: string;
    readonly disks: string;
  };
  readonly image: { readonly url: string; readonly sha512: string };
  readonly pciMappings: readonly {
    readonly name: string;
    readonly devices: readonly {
      readonly host: string;
      readonly path: string;
      readonly id: string;
      readonly iommuGroup?: number;
    }[];
  }[];
}

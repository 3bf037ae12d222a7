/** What the stand-in hypervisor is told of a virtual machine; the Proxmox API fills it from the VM's config. */
export interface MachineDefinition {
  readonly vmid: number;
  /** Proxmox name of the VM. */
  readonly name: string;
  /** Proxmox node that it runs on. */
  readonly host: string;
  readonly memoryMiB: number;
  readonly cores: number;
  readonly nic: {
    /** Upper-case MAC address. */
    readonly mac: string;
    /** Bridge in the lab: the LAN's (SiteInventory.bridge), or a segment of its own, which is made when it is missing. */
    readonly bridge: string;
    readonly mtu: number;
  };
  /** Cards beside the first; those without an address are down, and have the name that the kernel gave them. */
  readonly furtherNics: readonly {
    /** Name in the machine. */
    readonly name: string;
    readonly mac: string;
    readonly bridge: string;
    readonly mtu: number;
    /** CIDR form. */
    readonly address?: string;
  }[];
  readonly cloudInit: {
    /** Changes when a first boot is due again; NoCloud's instance-id. */
    readonly instanceId: string;
    /** The `#cloud-config` document: the snippet of `cicustom`, or what Proxmox makes of ciuser and sshkeys. */
    readonly userData: string;
    /** Static address in CIDR form (`ipconfig0`). */
    readonly address: string;
    readonly gateway?: string;
    readonly nameservers: readonly string[];
    readonly searchDomain?: string;
  };
  /** Size of the disk that it boots from. */
  readonly diskBytes: number;
  /** Extra disks, by Proxmox interface name, in bytes. */
  readonly disks: readonly { readonly interface: string; readonly bytes: number }[];
}

/** How a machine is stopped. */
export interface StopOptions {
  /** Lets its services stop first, up to `timeoutSeconds`. */
  readonly graceful: boolean;
  readonly timeoutSeconds: number;
  /** Whether it is killed when it has not stopped in time; else it goes on as it can. */
  readonly force: boolean;
}

/** Runs machines. Every call is idempotent. */
export interface Hypervisor {
  /** Starts the machine's processes; resolves when its init runs, not when its sshd answers. */
  start(definition: MachineDefinition): Promise<void>;
  /** Ends every process of the machine; gives whether it has ended. */
  stop(vmid: number, options: StopOptions): Promise<boolean>;
  running(vmid: number): boolean;
  /** Gives the disk that it boots from another size, which a machine that runs sees at once. */
  growDisk(vmid: number, bytes: number): Promise<void>;
  /** Shows a machine that has been started the extra disks that it has now. */
  showDisks(vmid: number, disks: MachineDefinition["disks"]): Promise<void>;
  /** Whether the machine has `qemu-guest-agent` installed, which then runs whenever the machine does. */
  hasAgent(vmid: number): boolean;
  /** Stops the machine and removes its disk. */
  destroy(vmid: number): Promise<void>;
  /** Ends all machines, keeping their disks. */
  close(): Promise<void>;
}

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sites, type SiteInventory } from "../../../world/inventory.ts";
import type { Hypervisor, MachineDefinition, StopOptions } from "../../../machines/machine.ts";
import { noFaults, type Faults } from "../../../world/faults.ts";
import { standInImage } from "../../../apis/proxmox/disk-image.ts";
import { createProxmox, type Proxmox } from "../../../apis/proxmox/server.ts";
import type { ListenAddress } from "../../../apis/proxmox/ssh.ts";
import { selfSigned } from "../certificate.ts";
import { httpsRequest, type Answer } from "../https-request.ts";

export const token = "homelab@pve!pulumi=0f0e0d0c-1111-2222-3333-444455556666";
export const imageUrl = "https://cloud.debian.org/debian.qcow2";
export const imageBody = standInImage(2 * 1024 ** 3, "an image of the test");
export const statedSha512 = createHash("sha512").update("the real file").digest("hex");

/** Remembers what it was told. */
export class FakeHypervisor implements Hypervisor {
  readonly started: MachineDefinition[] = [];
  readonly stops: ({ vmid: number } & StopOptions)[] = [];
  readonly destroyed: number[] = [];
  readonly grown: { vmid: number; bytes: number }[] = [];
  readonly up = new Set<number>();

  start(definition: MachineDefinition): Promise<void> {
    this.started.push(definition);
    this.up.add(definition.vmid);
    return Promise.resolve();
  }

  /** Machines that do not shut down, and those with the guest agent. */
  readonly stubborn = new Set<number>();
  readonly agents = new Set<number>();

  stop(vmid: number, options: StopOptions): Promise<boolean> {
    this.stops.push({ vmid, ...options });
    if (this.stubborn.has(vmid) && !options.force) return Promise.resolve(false);
    this.up.delete(vmid);
    return Promise.resolve(true);
  }

  hasAgent(vmid: number): boolean {
    return this.agents.has(vmid);
  }

  growDisk(vmid: number, bytes: number): Promise<void> {
    this.grown.push({ vmid, bytes });
    return Promise.resolve();
  }

  showDisks(): Promise<void> {
    return Promise.resolve();
  }

  running(vmid: number): boolean {
    return this.up.has(vmid);
  }

  destroy(vmid: number): Promise<void> {
    this.destroyed.push(vmid);
    this.up.delete(vmid);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.up.clear();
    return Promise.resolve();
  }
}

type Fields = Record<string, string | readonly string[]>;

const tls = selfSigned();

/** A site's Proxmox on loopback, and a client of it. */
export class TestCluster {
  readonly hypervisor = new FakeHypervisor();
  readonly stateDir = mkdtempSync(join(tmpdir(), "proxmox-"));
  readonly logFile = join(this.stateDir, "access.log");
  faults: Faults = noFaults;
  proxmox!: Proxmox;

  async open(ssh: false | readonly ListenAddress[] = false): Promise<void> {
    const site = sites[0] as SiteInventory;
    this.proxmox = await createProxmox({
      site,
      stateDir: this.stateDir,
      hypervisor: this.hypervisor,
      apiToken: token,
      tls,
      download: (url) =>
        url === imageUrl
          ? Promise.resolve({ body: imageBody, standsFor: { sha512: statedSha512 } })
          : Promise.reject(new Error(`${url}: 404 Not Found`)),
      faults: { consult: (service, request) => this.faults.consult(service, request) },
      sshAuthorizedKey: "ssh-ed25519 AAAA test",
      logFile: this.logFile,
      listen: [{ address: "127.0.0.1", port: 0 }],
      ssh,
    });
  }

  async close(): Promise<void> {
    await this.proxmox.close();
    rmSync(this.stateDir, { recursive: true });
  }

  get port(): number {
    return Number(new URL(this.proxmox.endpoints[0] ?? "").port);
  }

  /** Any call, as the provider encodes it. */
  call(method: string, path: string, fields: Fields = {}, authorization = `PVEAPIToken=${token}`) {
    const encoded = new URLSearchParams();
    for (const [name, value] of Object.entries(fields))
      for (const item of [value].flat()) encoded.append(name, item);
    const inQuery = method === "GET" || method === "DELETE";
    const text = encoded.toString();
    const query = inQuery && text !== "" ? `${path.includes("?") ? "&" : "?"}${text}` : "";
    const body = inQuery || text === "" ? undefined : text;
    const headers: Record<string, string> = { accept: "application/json" };
    if (authorization !== "") headers.authorization = authorization;
    if (body !== undefined) headers["content-type"] = "application/x-www-form-urlencoded";
    const options = { host: "127.0.0.1", port: this.port, rejectUnauthorized: false };
    return httpsRequest({ ...options, method, headers, path: `/api2/json/${path}${query}` }, body);
  }

  /** The data of a call that must succeed. */
  async ok(method: string, path: string, fields: Fields = {}): Promise<unknown> {
    const answer = await this.call(method, path, fields);
    assert.equal(
      answer.status,
      200,
      `${method} ${path}: ${answer.statusText} ${answer.body.toString()}`,
    );
    return (JSON.parse(answer.body.toString()) as { data: unknown }).data;
  }

  async get<T = Record<string, unknown>>(path: string, fields: Fields = {}): Promise<T> {
    return (await this.ok("GET", path, fields)) as T;
  }

  /** The exit status of the task that a call starts. */
  async task(method: string, path: string, fields: Fields = {}): Promise<string> {
    const upid = (await this.ok(method, path, fields)) as string;
    assert.match(upid, /^UPID:\w+:[0-9A-F]+:[0-9A-F]+:[0-9A-F]+:\w+:[^:]*:[^:]+:$/);
    await this.proxmox.idle();
    const node = upid.split(":")[1] ?? "";
    const status = `nodes/${node}/tasks/${upid.replaceAll("!", "%21")}/status`;
    return (await this.get<{ exitstatus: string }>(status)).exitstatus;
  }

  /** The status line and errors of a call that must fail. */
  async refusal(method: string, path: string, fields: Fields = {}): Promise<string> {
    const answer: Answer = await this.call(method, path, fields);
    assert.ok(answer.status >= 400, `${method} ${path} was not refused`);
    const { errors } = JSON.parse(answer.body.toString()) as { errors?: unknown };
    const details = errors === undefined ? "" : ` ${JSON.stringify(errors)}`;
    return `${answer.status} ${answer.statusText}${details}`;
  }

  async downloadImage(): Promise<string> {
    return this.task("POST", "nodes/stone/storage/local/download-url", {
      content: "import",
      filename: "debian.qcow2",
      node: "stone",
      storage: "local",
      url: imageUrl,
      "verify-certificates": "1",
      checksum: statedSha512,
      "checksum-algorithm": "sha512",
    });
  }
}

/** The fields that the provider sends for a machine of a site. */
export const vmFields = (vmid: number): Record<string, string> => ({
  acpi: "1",
  agent: "enabled=0,fstrim_cloned_disks=0,type=virtio",
  balloon: "0",
  bios: "seabios",
  boot: "order=scsi0",
  cores: "4",
  cpu: "host",
  ide2: "file=local-lvm:cloudinit,",
  ide3: "file=none,media=cdrom,",
  ipconfig0: "gw=192.168.1.1,ip=192.168.1.21/24",
  keyboard: "en-us",
  memory: "8192",
  name: "proxmox-stone",
  nameserver: "192.168.1.1",
  net0: "model=virtio,bridge=vmbr0,firewall=0,macaddr=bc:24:11:00:00:21",
  numa: "0",
  onboot: "1",
  ostype: "l26",
  protection: "0",
  scsi0:
    "file=local-lvm:0,import-from=local:import/debian.qcow2,size=68719476736,aio=io_uring,backup=1,iothread=1,ssd=1,discard=on,cache=none,replicate=1",
  scsi1: "file=local-lvm:100,size=107374182400,aio=io_uring,backup=0,iothread=0,ssd=0",
  scsihw: "virtio-scsi-pci",
  searchdomain: "home.arpa",
  serial0: "socket",
  sockets: "1",
  sshkeys: "ssh-ed25519%20AAAAC3%20person",
  ciuser: "root",
  tablet: "1",
  tags: "rke2;homelab",
  template: "0",
  vmid: String(vmid),
});

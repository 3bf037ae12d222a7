import { createHash } from "node:crypto";
import { part } from "../web/exchange.ts";
import { failure, parameterError } from "./api-error.ts";
import { checksumOf, downloadRoutes, verifyChecksum } from "./download.ts";
import { checkFileName, isFileContent } from "./local-files.ts";
import type { Call, Route } from "./route.ts";
import { nodeOf, type Site } from "./site.ts";
import {
  checkContent,
  keepsFiles,
  storageNamed,
  storageOn,
  storageTypes,
  type StorageType,
} from "./storage-types.ts";
import { findVolume, removeVolume, volumeInUse, volumesOn } from "./volumes.ts";

const definition = ({ inventory }: Site, type: StorageType): Record<string, unknown> => ({
  storage: type.storage,
  type: type.type,
  content: type.content.join(","),
  ...type.settings,
  ...(type.shared ? { shared: 1 } : {}),
  ...(type.nodes === undefined ? {} : { nodes: ofCluster(inventory, type.nodes).join(",") }),
  digest: createHash("sha1").update(JSON.stringify(type)).digest("hex"),
});

const ofCluster = ({ hosts }: Site["inventory"], nodes: readonly string[]): readonly string[] =>
  nodes.filter((node) => hosts.some(({ name }) => name === node));

function status(site: Site, node: string, type: StorageType): Record<string, unknown> {
  const used = contentOf(site, node, type).reduce((sum, item) => sum + item.used, 0);
  return {
    type: type.type,
    content: type.content.join(","),
    active: 1,
    enabled: 1,
    shared: type.shared ? 1 : 0,
    total: type.totalBytes,
    used,
    avail: type.totalBytes - used,
  };
}

interface ContentItem {
  readonly volid: string;
  readonly content: string;
  readonly format: string;
  readonly size: number;
  readonly used: number;
  readonly ctime?: number;
  readonly vmid?: number;
}

function contentOf(site: Site, node: string, type: StorageType): ContentItem[] {
  const files = keepsFiles(type) ? site.files.list(node, type.storage) : [];
  const kept = files.map(({ volid, content, format, size, ctime }) => ({
    ...{ volid, content, format, size, ctime },
    used: size,
  }));
  const disks = volumesOn(site, node, type.storage).map((volume) => ({
    volid: `${volume.storage}:${volume.name}`,
    content: "images",
    format: "raw",
    size: volume.bytes,
    used: 0,
    vmid: volume.vmid,
  }));
  return [...kept, ...disks];
}

/** The volume of the path, whose id may lack the storage's name. */
function volumeOf(site: Site, call: Call): { node: string; type: StorageType; item?: ContentItem } {
  const node = nodeOf(site, call).name;
  const type = storageOn(node, part(call, "storage"));
  const asked = part(call, "volume");
  const volid = asked.includes(":") ? asked : `${type.storage}:${asked}`;
  const item = contentOf(site, node, type).find((candidate) => candidate.volid === volid);
  return { node, type, item };
}

function volumePath(type: StorageType, item: ContentItem): string {
  const name = item.volid.slice(type.storage.length + 1);
  const { path, vgname } = type.settings;
  if (path === undefined) return `/dev/${vgname ?? ""}/${name}`;
  return item.content === "images" ? `${path}/images/${name}` : `${path}/${name}`;
}

/** Storages, their content, uploads and downloads. */
export function storageRoutes(site: Site): Route[] {
  return [
    {
      method: "GET",
      path: "storage",
      parameters: ["type"],
      handle: () => storageTypes.map((type) => definition(site, type)),
    },
    {
      method: "GET",
      path: "storage/:storage",
      parameters: ["storage"],
      handle: (call) => definition(site, storageNamed(part(call, "storage"))),
    },
    {
      method: "GET",
      path: "nodes/:node/storage",
      parameters: ["content", "enabled", "storage", "target", "format"],
      handle: (call) => {
        const node = nodeOf(site, call).name;
        const content = call.parameters.list("content");
        return storageTypes
          .filter((type) => type.nodes?.includes(node) !== false)
          .filter((type) => content.length === 0 || content.some((c) => type.content.includes(c)))
          .map((type) => ({ storage: type.storage, ...status(site, node, type) }));
      },
    },
    {
      method: "GET",
      path: "nodes/:node/storage/:storage/status",
      parameters: [],
      handle: (call) => {
        const node = nodeOf(site, call).name;
        return status(site, node, storageOn(node, part(call, "storage")));
      },
    },
    {
      method: "GET",
      path: "nodes/:node/storage/:storage/content",
      parameters: ["content", "vmid"],
      handle: (call) => {
        const node = nodeOf(site, call).name;
        const type = storageOn(node, part(call, "storage"));
        const content = call.parameters.text("content");
        const vmid = call.parameters.integer("vmid");
        return contentOf(site, node, type).filter(
          (item) =>
            (content === undefined || item.content === content) &&
            (vmid === undefined || item.vmid === vmid),
        );
      },
    },
    {
      method: "GET",
      path: "nodes/:node/storage/:storage/content/:volume",
      parameters: [],
      handle: (call) => {
        const { type, item } = volumeOf(site, call);
        if (item === undefined) throw failure(`volume '${part(call, "volume")}' does not exist`);
        const { format, size, used } = item;
        return { path: volumePath(type, item), format, size, used };
      },
    },
    {
      method: "DELETE",
      path: "nodes/:node/storage/:storage/content/:volume",
      parameters: ["delay"],
      handle: (call) => deleteVolume(site, call),
    },
    {
      method: "POST",
      path: "nodes/:node/storage/:storage/upload",
      parameters: ["content", "checksum", "checksum-algorithm", "filename"],
      handle: (call) => upload(site, call),
    },
    ...downloadRoutes(site),
  ];
}

function deleteVolume(site: Site, call: Call): string {
  const { node, type, item } = volumeOf(site, call);
  if (item === undefined) throw failure(`volume '${part(call, "volume")}' does not exist`);
  const file = site.files.find(node, item.volid);
  const volume = findVolume(site, node, item.volid);
  if (volume !== undefined && volumeInUse(site, volume))
    throw failure(`can't remove volume '${item.volid}': it is in use by VM ${volume.vmid}`);
  if (file !== undefined) site.files.remove(node, file);
  if (volume !== undefined) removeVolume(site, volume);
  const subject = { node, type: "imgdel", id: `${item.volid}@${type.storage}`, user: call.user };
  // A UPID is split at colons, so the id of the task leaves out the storage's part.
  return site.tasks.start({ ...subject, id: subject.id.replaceAll(":", "%3A") }, (log) => {
    log.line(`Removed volume '${item.volid}'`);
  });
}

function contentStorage(node: string, name: string, content: string): StorageType {
  const storage = storageOn(node, name);
  checkContent(storage, content);
  return storage;
}

function upload(site: Site, call: Call): string {
  const node = nodeOf(site, call).name;
  const content = call.parameters.required("content");
  const { storage } = contentStorage(node, part(call, "storage"), content);
  if (!isFileContent(content) || content === "snippets")
    throw parameterError({ content: `cannot upload content of type '${content}'` });
  const file = call.upload;
  if (file === undefined)
    throw parameterError({ filename: "property is missing and it is not optional" });
  checkFileName(content, file.name);
  const checksum = checksumOf(
    call.parameters.text("checksum-algorithm"),
    call.parameters.text("checksum"),
  );
  const subject = { node, type: "imgcopy", id: "", user: call.user };
  return site.tasks.start(subject, async (log) => {
    if (checksum !== undefined) verifyChecksum({ body: file.body }, checksum);
    await site.files.write(node, { storage, content, name: file.name }, file.body);
    log.line(`finished file import of ${file.name}`);
  });
}

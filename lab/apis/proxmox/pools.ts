import { part } from "../web/exchange.ts";
import { failure } from "./api-error.ts";
import { checkNewPool, checkPoolId } from "./formats.ts";
import type { Call, Route } from "./route.ts";
import { vmidOf, type Site } from "./site.ts";
import type { SiteState } from "./store.ts";
import { storageNamed } from "./storage-types.ts";
import { vmSummary } from "./vm-summary.ts";

/** @throws 500 when there is no such pool. */
export function poolNamed(site: Site, poolid: string): SiteState["pools"][string] {
  const pool = site.store.state.pools[poolid];
  if (pool === undefined) throw failure(`pool '${poolid}' does not exist`);
  return pool;
}

function membersOf(site: Site, poolid: string): unknown[] {
  const vms = Object.values(site.store.state.vms).filter((vm) => vm.pool === poolid);
  const hosts = site.inventory.hosts.map((host) => host.name);
  return [
    ...vms.map((vm) => ({
      ...vmSummary(site, vm),
      id: `qemu/${vm.vmid}`,
      node: vm.node,
      type: "qemu",
    })),
    ...poolNamed(site, poolid).storage.flatMap((storage) =>
      hosts.map((node) => ({ id: `storage/${node}/${storage}`, node, type: "storage", storage })),
    ),
  ];
}

function detailed(site: Site, poolid: string): unknown {
  const { comment } = poolNamed(site, poolid);
  return { poolid, comment, members: membersOf(site, poolid) };
}

/** Resource pools and their members. */
export function poolRoutes(site: Site): Route[] {
  const changeNames = ["comment", "vms", "storage", "delete", "allow-move"];
  return [
    {
      method: "GET",
      path: "pools",
      parameters: ["poolid", "type"],
      handle: (call) => {
        const poolid = call.parameters.text("poolid");
        if (poolid !== undefined) return [detailed(site, poolid)];
        return Object.entries(site.store.state.pools).map(([id, { comment }]) => ({
          poolid: id,
          comment,
        }));
      },
    },
    {
      method: "GET",
      path: "pools/:poolid",
      parameters: ["type"],
      handle: (call) => detailed(site, part(call, "poolid")),
    },
    {
      method: "POST",
      path: "pools",
      parameters: ["poolid", "comment"],
      handle: (call) => {
        const poolid = call.parameters.required("poolid");
        checkPoolId(poolid);
        if (site.store.state.pools[poolid] !== undefined)
          throw failure(`create pool failed: pool '${poolid}' already exists`);
        checkNewPool(poolid, site.store.state.pools);
        const comment = call.parameters.text("comment");
        site.store.change((state) => (state.pools[poolid] = { comment, storage: [] }));
        return null;
      },
    },
    {
      method: "PUT",
      path: "pools",
      parameters: ["poolid", ...changeNames],
      handle: (call) => change(site, call, call.parameters.required("poolid")),
    },
    {
      method: "PUT",
      path: "pools/:poolid",
      parameters: changeNames,
      handle: (call) => change(site, call, part(call, "poolid")),
    },
    {
      method: "DELETE",
      path: "pools",
      parameters: ["poolid"],
      handle: (call) => remove(site, call.parameters.required("poolid")),
    },
    {
      method: "DELETE",
      path: "pools/:poolid",
      parameters: [],
      handle: (call) => remove(site, part(call, "poolid")),
    },
  ];
}

function change(site: Site, call: Call, poolid: string): null {
  const pool = poolNamed(site, poolid);
  const taking = call.parameters.flag("delete");
  const vms = call.parameters.list("vms").map((id) => {
    const vm = site.store.state.vms[vmidOf(id, "vms")];
    if (vm === undefined) throw failure(`VM ${id} does not exist`);
    if (taking && vm.pool !== poolid) throw failure(`VM ${id} is not a pool member`);
    const elsewhere = !taking && vm.pool !== undefined && vm.pool !== poolid;
    if (elsewhere && !call.parameters.flag("allow-move"))
      throw failure(`VM ${id} belongs already to pool '${vm.pool}' and 'allow-move' is not set`);
    return vm;
  });
  const storages = call.parameters.list("storage").map((name) => storageNamed(name).storage);
  const comment = call.parameters.text("comment");
  site.store.change(() => {
    if (comment !== undefined) pool.comment = comment;
    for (const vm of vms) vm.pool = taking ? undefined : poolid;
    const others = pool.storage.filter((name) => !storages.includes(name));
    pool.storage = taking ? others : [...others, ...storages];
  });
  return null;
}

function remove(site: Site, poolid: string): null {
  poolNamed(site, poolid);
  const nested = Object.keys(site.store.state.pools).find((id) => id.startsWith(`${poolid}/`));
  if (nested !== undefined)
    throw failure(`delete pool failed: pool '${poolid}' is not empty (contains pool '${nested}')`);
  if (membersOf(site, poolid).length > 0)
    throw failure(`delete pool failed: pool '${poolid}' is not empty`);
  site.store.change((state) => {
    delete state.pools[poolid];
  });
  return null;
}

import type { StoredVm } from "./store.ts";
import { diskKey, netKey } from "./vm-options.ts";

/**
 * What a running machine takes at once; everything else counts from its next start on, a reboot from within does not
 * count (qemu-server src/PVE/QemuServer.pm, $fast_plug_option and vmconfig_hotplug_pending). All settings of cloud-init
 * are among them, and reach the guest by the drive that is written at the next start.
 */
const atOnce = new Set([
  ...["description", "hookscript", "lock", "migrate_downtime", "migrate_speed", "name", "onboot"],
  ...["protection", "shares", "startup", "tags", "vmstatestorage"],
  ...["cicustom", "cipassword", "citype", "ciupgrade", "ciuser", "nameserver", "searchdomain"],
  ...["sshkeys", "tablet", "cpulimit", "cpuunits", "cdrom", "hotplug"],
]);

function countsAtOnce(name: string): boolean {
  return (
    atOnce.has(name) ||
    netKey.test(name) ||
    /^(ipconfig|unused|usb)\d+$/.test(name) ||
    (diskKey.test(name) && !/^(efidisk|tpmstate)/.test(name))
  );
}

/** Stores values, and takes away those that are undefined: at once, or for the next start of a machine that runs. */
export function changeSettings(
  vm: StoredVm,
  running: boolean,
  values: Readonly<Record<string, string | undefined>>,
): void {
  for (const [name, value] of Object.entries(values)) {
    const pending = vm.pending ?? {};
    delete pending[name];
    if (!running || countsAtOnce(name)) {
      if (value === undefined) delete vm.config[name];
      else vm.config[name] = value;
    } else if (vm.config[name] !== value) {
      pending[name] = value ?? null;
    }
    if (Object.keys(pending).length > 0) vm.pending = pending;
    else delete vm.pending;
  }
}

/** Settings as they count from the next start on. */
export function settingsToBe(vm: StoredVm): Record<string, string> {
  const settings = { ...vm.config };
  for (const [name, value] of Object.entries(vm.pending ?? {})) {
    if (value === null) delete settings[name];
    else settings[name] = value;
  }
  return settings;
}

/** A machine that ended or is about to start has what was pending. */
export function applyPending(vm: StoredVm): void {
  vm.config = settingsToBe(vm);
  delete vm.pending;
}

/** The answer of GET pending: every setting, with what it is to be where that differs. */
export function answerPending(vm: StoredVm): unknown[] {
  const names = new Set([...Object.keys(vm.config), ...Object.keys(vm.pending ?? {})]);
  return [...names].sort().map((key) => {
    const pending = vm.pending?.[key];
    return {
      key,
      ...(vm.config[key] === undefined ? {} : { value: vm.config[key] }),
      ...(typeof pending === "string" ? { pending } : {}),
      ...(pending === null ? { delete: 1 } : {}),
    };
  });
}

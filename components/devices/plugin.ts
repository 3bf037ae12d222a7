/** The pods that tell each kubelet which devices its machine has. */
import type { apps } from "@pulumi/kubernetes/types/input.js";
import { containerSecurity } from "../workload/exceptions.ts";
import { appLabels, appSelector } from "../workload/restricted.ts";
import { plugin, pluginExceptions, resourceDomain } from "./names.ts";

/** A device that pods may ask for. */
export interface DevicePlan {
  /** 2 to 31 characters: what the plugin and a socket's path let it have. */
  readonly name: string;
  /** Files below /dev, all of which a container gets, under the same paths. A machine where one is missing has none to give. */
  readonly paths: readonly string[];
  /** How many containers of a machine may have it at once. */
  readonly count: number;
}

export interface PluginPlan {
  /** Release of generic-device-plugin, for example `0.2.0`. */
  readonly version: string;
  readonly devices: readonly DevicePlan[];
  /** Nodes whose machines have any of them. */
  readonly nodes: readonly string[];
}

/** Where a kubelet looks for plugins (kubernetes, staging/src/k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1/constants.go). */
const pluginsFolder = "/var/lib/kubelet/device-plugins";

/** Where it answers whether it runs, unless `--listen` says otherwise; metrics are there too. */
const port = 8080;

/**
 * A device as an argument of the plugin: `DeviceSpec` with one `Group` (deviceplugin/generic.go, path.go), as JSON. Symbolic
 * links, as those of /dev/serial/by-id are, end at what they point to when a container is made (containerd,
 * internal/cri/opts/spec_linux_opts.go, WithDevices). `rw` is all that a device is for; the plugin's own `mrw` would let a
 * container make device files as well.
 */
export function deviceArgument({ name, paths, count }: DevicePlan): string {
  const group = { count, paths: paths.map((path) => ({ path, permissions: "rw" })) };
  return JSON.stringify({ name, groups: [group] });
}

/**
 * The plugin on the nodes of machines with devices, on tainted ones too: it looks every five seconds which files are there, and
 * registers again when the kubelet has restarted. Upstream's manifest runs it privileged; it opens no device and needs nothing
 * but to be root, as Intel's plugin shows, which does the same work without privileges (intel-device-plugins-for-kubernetes,
 * deployments/gpu_plugin/base/intel-gpu-plugin.yaml). /dev is read-only in it, and so it cannot hold the file for the
 * container's last words, which runc would have to make there (libcontainer/rootfs_linux.go, createOpenMountpoint).
 * @see https://github.com/squat/generic-device-plugin/blob/main/manifests/generic-device-plugin.yaml
 */
export function pluginSpec({ version, devices, nodes }: PluginPlan): apps.v1.DaemonSetSpec {
  const health = { httpGet: { path: "/health", port: "http" } };
  return {
    selector: appSelector(plugin),
    template: {
      metadata: { labels: appLabels(plugin) },
      spec: {
        priorityClassName: "system-node-critical",
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        tolerations: [{ operator: "Exists" }],
        affinity: { nodeAffinity: only(nodes) },
        securityContext: { seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: plugin,
            image: `ghcr.io/squat/generic-device-plugin:${version}`,
            args: [
              `--domain=${resourceDomain}`,
              ...devices.flatMap((device) => ["--device", deviceArgument(device)]),
            ],
            ports: [{ name: "http", containerPort: port }],
            readinessProbe: { ...health, periodSeconds: 5 },
            livenessProbe: { ...health, periodSeconds: 30, failureThreshold: 3 },
            resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "64Mi" } },
            securityContext: containerSecurity(pluginExceptions),
            terminationMessagePath: "/termination-log",
            volumeMounts: [
              { name: "plugins", mountPath: pluginsFolder },
              { name: "dev", mountPath: "/dev", readOnly: true },
            ],
          },
        ],
        volumes: [
          { name: "plugins", hostPath: { path: pluginsFolder, type: "Directory" } },
          { name: "dev", hostPath: { path: "/dev", type: "Directory" } },
        ],
      },
    },
  };
}

const only = (nodes: readonly string[]) => ({
  requiredDuringSchedulingIgnoredDuringExecution: {
    nodeSelectorTerms: [
      {
        matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [...nodes] }],
      },
    ],
  },
});

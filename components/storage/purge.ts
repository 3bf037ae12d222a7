import { scriptText } from "../remote/shell.ts";

/** Function purge_osds, which a leaving machine's disks are taken out of Ceph with; it stands after rke2.sh. */
export const purgeScript =
  scriptText(import.meta.url, "ceph.sh") + scriptText(import.meta.url, "osds.sh");

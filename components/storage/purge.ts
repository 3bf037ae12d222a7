import { scriptText } from "../remote/shell.ts";

/** Functions that take disks out of Ceph, purge_osds those of a leaving machine; they stand after rke2.sh. */
export const purgeScript =
  scriptText(import.meta.url, "ceph.sh") + scriptText(import.meta.url, "osds.sh");

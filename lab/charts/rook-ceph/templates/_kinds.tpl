{{/* The custom resources by their plural: kind, scope, short names, the file of the schema (none: open), and columns. */}}
{{- define "rook.kinds" -}}
cephblockpools.ceph.rook.io: { kind: CephBlockPool, short: [cephbp], schema: cephblockpool, columns: { Phase: .status.phase, FailureDomain: .spec.failureDomain } }
cephblockpoolradosnamespaces.ceph.rook.io: { kind: CephBlockPoolRadosNamespace, short: [cephbprn] }
cephbucketnotifications.ceph.rook.io: { kind: CephBucketNotification, short: [cephbn] }
cephbuckettopics.ceph.rook.io: { kind: CephBucketTopic, short: [cephbt] }
cephcosidrivers.ceph.rook.io: { kind: CephCOSIDriver, short: [cephcosi] }
cephclients.ceph.rook.io: { kind: CephClient, short: [cephcl] }
cephclusters.ceph.rook.io: { kind: CephCluster, short: [ceph], schema: cephcluster, columns: { Phase: .status.phase, Message: .status.message, Health: .status.ceph.health, FSID: .status.ceph.fsid } }
cephfilesystems.ceph.rook.io: { kind: CephFilesystem, short: [cephfs], schema: cephfilesystem, columns: { ActiveMDS: .spec.metadataServer.activeCount, Phase: .status.phase } }
cephfilesystemmirrors.ceph.rook.io: { kind: CephFilesystemMirror, short: [cephfsm] }
cephfilesystemsubvolumegroups.ceph.rook.io: { kind: CephFilesystemSubVolumeGroup, short: [cephfssvg, cephsvg], schema: cephfilesystemsubvolumegroup, columns: { Phase: .status.phase, Filesystem: .spec.filesystemName } }
cephnfses.ceph.rook.io: { kind: CephNFS, short: [nfs] }
cephnvmeofgateways.ceph.rook.io: { kind: CephNVMeOFGateway, short: [nvmeof] }
cephobjectrealms.ceph.rook.io: { kind: CephObjectRealm, short: [cephor] }
cephobjectstores.ceph.rook.io: { kind: CephObjectStore, short: [cephos], schema: cephobjectstore, columns: { Phase: .status.phase, Endpoint: .status.info.endpoint } }
cephobjectstoreaccounts.ceph.rook.io: { kind: CephObjectStoreAccount }
cephobjectstoreusers.ceph.rook.io: { kind: CephObjectStoreUser, short: [cephosu, objectuser], schema: cephobjectstoreuser, columns: { Phase: .status.phase } }
cephobjectzones.ceph.rook.io: { kind: CephObjectZone, short: [cephoz] }
cephobjectzonegroups.ceph.rook.io: { kind: CephObjectZoneGroup, short: [cephozg] }
cephrbdmirrors.ceph.rook.io: { kind: CephRBDMirror, short: [cephrbdm] }
cephconnections.csi.ceph.io: { kind: CephConnection, schema: cephconnection }
clientprofiles.csi.ceph.io: { kind: ClientProfile, schema: clientprofile }
clientprofilemappings.csi.ceph.io: { kind: ClientProfileMapping, schema: clientprofilemapping }
drivers.csi.ceph.io: { kind: Driver, schema: driver }
operatorconfigs.csi.ceph.io: { kind: OperatorConfig, schema: operatorconfig }
objectbuckets.objectbucket.io: { kind: ObjectBucket, scope: Cluster, short: [ob, obs], version: v1alpha1, columns: { Phase: .status.phase } }
objectbucketclaims.objectbucket.io: { kind: ObjectBucketClaim, short: [obc, obcs], version: v1alpha1, schema: objectbucketclaim, columns: { Phase: .status.phase } }
{{- end -}}

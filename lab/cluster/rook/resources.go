package rook

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/retry"

	"homelab/lab/cluster/operators"
)

// Kinds of ceph.rook.io, by their plural.
const (
	clusters    = "cephclusters"
	pools       = "cephblockpools"
	filesystems = "cephfilesystems"
	groups      = "cephfilesystemsubvolumegroups"
	stores      = "cephobjectstores"
)

var (
	bucketClaims = schema.GroupVersionResource{Group: "objectbucket.io", Version: "v1alpha1", Resource: "objectbucketclaims"}
	buckets      = schema.GroupVersionResource{Group: "objectbucket.io", Version: "v1alpha1", Resource: "objectbuckets"}
	connections  = schema.GroupVersionResource{Group: "csi.ceph.io", Version: "v1", Resource: "cephconnections"}
	profiles     = schema.GroupVersionResource{Group: "csi.ceph.io", Version: "v1", Resource: "clientprofiles"}
)

func ceph(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "ceph.rook.io", Version: "v1", Resource: plural}
}

// cephCluster is the part of a CephCluster that the lab's operator reads.
type cephCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		CephVersion struct {
			Image string `json:"image"`
		} `json:"cephVersion"`
		Mon struct {
			Count                int  `json:"count"`
			AllowMultiplePerNode bool `json:"allowMultiplePerNode"`
		} `json:"mon"`
		Mgr struct {
			Count int `json:"count"`
		} `json:"mgr"`
		Security struct {
			CephX struct {
				CSI struct {
					KeyType string `json:"keyType"`
				} `json:"csi"`
			} `json:"cephx"`
		} `json:"security"`
		// CephConfig is what monitors keep for whom: mon, osd, global and others.
		CephConfig    map[string]map[string]string `json:"cephConfig"`
		CleanupPolicy struct {
			Confirmation              string `json:"confirmation"`
			AllowUninstallWithVolumes bool   `json:"allowUninstallWithVolumes"`
		} `json:"cleanupPolicy"`
		HealthCheck struct {
			MuteHealthWarning map[string]struct {
				Policy string `json:"policy"`
			} `json:"muteHealthWarning"`
		} `json:"healthCheck"`
		Placement          map[string]placement                   `json:"placement"`
		Resources          map[string]corev1.ResourceRequirements `json:"resources"`
		PriorityClassNames map[string]string                      `json:"priorityClassNames"`
		CrashCollector     struct {
			Disable bool `json:"disable"`
		} `json:"crashCollector"`
		LogCollector struct {
			Enabled bool `json:"enabled"`
		} `json:"logCollector"`
		Monitoring struct {
			Enabled bool `json:"enabled"`
		} `json:"monitoring"`
		Storage struct {
			UseAllNodes   bool `json:"useAllNodes"`
			UseAllDevices bool `json:"useAllDevices"`
			Nodes         []struct {
				Name    string `json:"name"`
				Devices []struct {
					Name string `json:"name"`
				} `json:"devices"`
			} `json:"nodes"`
		} `json:"storage"`
	} `json:"spec"`
}

type placement struct {
	Tolerations               []corev1.Toleration               `json:"tolerations"`
	TopologySpreadConstraints []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints"`
}

// child is the part of a pool, filesystem, subvolume group or object store that the lab's operator reads.
type child struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		poolSpec `json:",inline"`
		// Name is that of a pool which Ceph has by itself, and which no object can be called.
		Name           string     `json:"name"`
		FilesystemName string     `json:"filesystemName"`
		MetadataPool   poolSpec   `json:"metadataPool"`
		DataPool       poolSpec   `json:"dataPool"`
		DataPools      []poolSpec `json:"dataPools"`
		MetadataServer struct {
			ActiveCount       int                         `json:"activeCount"`
			ActiveStandby     bool                        `json:"activeStandby"`
			Resources         corev1.ResourceRequirements `json:"resources"`
			PriorityClassName string                      `json:"priorityClassName"`
		} `json:"metadataServer"`
		Gateway struct {
			Port              int32                       `json:"port"`
			Instances         int32                       `json:"instances"`
			Resources         corev1.ResourceRequirements `json:"resources"`
			PriorityClassName string                      `json:"priorityClassName"`
		} `json:"gateway"`
		PreservePoolsOnDelete bool `json:"preservePoolsOnDelete"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

type poolSpec struct {
	FailureDomain      string `json:"failureDomain"`
	EnableCrushUpdates bool   `json:"enableCrushUpdates"`
	Replicated         struct {
		Size int `json:"size"`
	} `json:"replicated"`
	ErasureCoded struct {
		DataChunks   int `json:"dataChunks"`
		CodingChunks int `json:"codingChunks"`
	} `json:"erasureCoded"`
}

// width is how many failure domains a pool's pieces are put into.
func (p poolSpec) width() int {
	return max(p.Replicated.Size, p.ErasureCoded.DataChunks+p.ErasureCoded.CodingChunks)
}

// spare is how many failure domains a pool goes on without: half of its copies, and of further pieces all but one, or the only one
// (ceph, get_osd_pool_default_min_size, and OSDMonitor::prepare_pool_size).
func (p poolSpec) spare() int {
	if p.Replicated.Size > 0 {
		return p.Replicated.Size / 2
	}
	return p.ErasureCoded.CodingChunks - min(1, p.ErasureCoded.CodingChunks-1)
}

func decode[T any](object *unstructured.Unstructured) (*T, error) {
	var value T
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &value)
	return &value, err
}

// owned is what the garbage collector takes with the CephCluster.
func (w *work) owned() []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{
		APIVersion: "ceph.rook.io/v1", Kind: "CephCluster", Name: w.cluster.Name, UID: w.cluster.UID,
		Controller: &yes, BlockOwnerDeletion: &yes,
	}}
}

// setStatus sets fields of a status, nil takes one away; the rest of it stays. It writes the whole object as the real one
// does (pkg/operator/ceph/reporting UpdateStatus): its roles allow `update` of a status and no `patch`.
func (o *operator) setStatus(ctx context.Context, resource schema.GroupVersionResource, name string, status map[string]any) error {
	body, err := json.Marshal(status)
	if err != nil {
		return err
	}
	var patch map[string]any
	if err := utiljson.Unmarshal(body, &patch); err != nil {
		return err
	}
	client := o.dynamic.Resource(resource).Namespace(o.namespace)
	return operators.Gone(retry.RetryOnConflict(retry.DefaultRetry, func() error {
		object, err := client.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		before, _, err := unstructured.NestedMap(object.Object, "status")
		if err != nil {
			return err
		}
		after := merged(before, patch)
		if equality.Semantic.DeepEqual(before, after) {
			return nil
		}
		object.Object["status"] = after
		_, err = client.UpdateStatus(ctx, object, metav1.UpdateOptions{})
		return err
	}))
}

// merged is what a JSON merge patch makes of an object (RFC 7396).
func merged(object, patch map[string]any) map[string]any {
	result := maps.Clone(object)
	if result == nil {
		result = map[string]any{}
	}
	for key, value := range patch {
		if value == nil {
			delete(result, key)
		} else if inner, nested := value.(map[string]any); nested {
			old, _ := result[key].(map[string]any)
			result[key] = merged(old, inner)
		} else {
			result[key] = value
		}
	}
	return result
}

// setFinalizer adds a finalizer, or takes it off; an update, as the real one's.
func (o *operator) setFinalizer(ctx context.Context, resource schema.GroupVersionResource, seen metav1.Object, finalizer string, wanted bool) error {
	if slices.Contains(seen.GetFinalizers(), finalizer) == wanted {
		return nil
	}
	client := dynamic.ResourceInterface(o.dynamic.Resource(resource))
	if namespace := seen.GetNamespace(); namespace != "" {
		client = o.dynamic.Resource(resource).Namespace(namespace)
	}
	object, err := client.Get(ctx, seen.GetName(), metav1.GetOptions{})
	if err != nil {
		return operators.Gone(err)
	}
	next := slices.DeleteFunc(object.GetFinalizers(), func(one string) bool { return one == finalizer })
	if wanted {
		next = append(next, finalizer)
	}
	object.SetFinalizers(next)
	_, err = client.Update(ctx, object, metav1.UpdateOptions{})
	return operators.Gone(err)
}

func core(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: resource}
}

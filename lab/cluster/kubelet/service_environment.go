package kubelet

import (
	"fmt"
	"maps"
	"net"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// withServices adds the variables that tell a container of Services: of the API server's always, and of
// those in its namespace unless enableServiceLinks is false (pkg/kubelet/envvars). What the pod says wins.
func (k *kubelet) withServices(pod *corev1.Pod, own map[string]string) (map[string]string, error) {
	services, err := k.services.lister.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	links := pod.Spec.EnableServiceLinks == nil || *pod.Spec.EnableServiceLinks
	master := false
	for _, service := range services {
		api := service.Namespace == metav1.NamespaceDefault && service.Name == "kubernetes"
		master = master || api
		if (api || links && service.Namespace == pod.Namespace) && service.Spec.ClusterIP != "" && service.Spec.ClusterIP != corev1.ClusterIPNone {
			addService(all, service)
		}
	}
	if !master {
		return nil, fmt.Errorf("services have not yet been read at least once, cannot construct envvars")
	}
	maps.Copy(all, own)
	return all, nil
}

func addService(all map[string]string, service *corev1.Service) {
	prefix := variableName(service.Name)
	address := service.Spec.ClusterIP
	all[prefix+"_SERVICE_HOST"] = address
	for i, port := range service.Spec.Ports {
		number := strconv.Itoa(int(port.Port))
		protocol := string(corev1.ProtocolTCP)
		if port.Protocol != "" {
			protocol = string(port.Protocol)
		}
		link := strings.ToLower(protocol) + "://" + net.JoinHostPort(address, number)
		if i == 0 {
			all[prefix+"_SERVICE_PORT"], all[prefix+"_PORT"] = number, link
		}
		if port.Name != "" {
			all[prefix+"_SERVICE_PORT_"+variableName(port.Name)] = number
		}
		linked := prefix + "_PORT_" + number + "_" + protocol
		all[linked], all[linked+"_ADDR"] = link, address
		all[linked+"_PORT"], all[linked+"_PROTO"] = number, strings.ToLower(protocol)
	}
}

func variableName(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

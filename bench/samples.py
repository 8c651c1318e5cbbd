"""What the parts are measured with: a manifest, an overlay of ten resources, many tags."""

from __future__ import annotations

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: apps
  labels:
    app.kubernetes.io/name: web
    app.kubernetes.io/part-of: shop
spec:
  replicas: 2
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: registry.example/web:1.2.3 # {"$imagepolicy": "apps:web"}
        imagePullPolicy: IfNotPresent
        ports:
        - name: http
          containerPort: 8080
        env:
        - name: LOG_LEVEL
          value: info
        - name: TIMEOUT
          value: "30"
        resources:
          requests:
            cpu: 100m
            memory: 128Mi
          limits:
            memory: 256Mi
        readinessProbe:
          httpGet:
            path: /ready
            port: http
          periodSeconds: 5
        volumeMounts:
        - name: data
          mountPath: /data
      volumes:
      - name: data
        emptyDir: {}
"""


def _overlay() -> dict[str, str]:
    names = [f"app{number}.yaml" for number in range(9)]
    files = {f"base/{name}": DEPLOYMENT.replace("name: web\n", f"name: web{at}\n") for at, name in enumerate(names)}
    files["base/extra.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\ndata:\n  a: b\n"
    files["base/kustomization.yaml"] = "resources:\n" + "".join(f"- {name}\n" for name in [*names, "extra.yaml"])
    files["overlay/kustomization.yaml"] = """\
resources:
- ../base
namespace: production
commonLabels:
  environment: production
images:
- name: registry.example/web
  newTag: 2.0.0
replicas:
- name: web0
  count: 3
configMapGenerator:
- name: settings
  literals:
  - level=warn
patches:
- target:
    kind: Deployment
    name: web1
  patch: |
    - op: replace
      path: /spec/revisionHistoryLimit
      value: 3
"""
    return files


OVERLAY = _overlay()


def tags(count: int) -> list[str]:
    """Return tags as CI makes them, oldest first."""
    return [f"main-{number * 2654435761 % (1 << 28):07x}-{1_700_000_000 + number}" for number in range(count)]

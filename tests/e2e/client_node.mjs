// What client_node.sh runs: @kubernetes/client-node against a cluster. Prints a line a check; exits 1 when one failed.
import { createRequire } from 'node:module';
import { Writable, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

const k8s = await import(createRequire(process.env.KL_NODE_CLIENT + '/x.js').resolve('@kubernetes/client-node'));
const namespace = 'node-client';
let failed = 0;
const check = (what, good, detail) => {
	failed += !good;
	console.log(`${good ? 'ok   ' : 'FAIL '} ${what}${good ? '' : ': ' + JSON.stringify(detail ?? null)}`);
};
const refused = async (what, code, reason, call) => {
	try {
		check(what, false, await call());
	} catch (e) {
		const body = typeof e.body === 'string' ? JSON.parse(e.body) : e.body;
		check(what, e.code === code && body?.reason === reason, [e.code, body]);
	}
};

const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const map = (name, data) => ({ metadata: { name, labels: { by: 'node' } }, data });
const path = `/api/v1/namespaces/${namespace}/configmaps`;

async function objects() {
	const made = await core.createNamespacedConfigMap({ namespace, body: map('a', { x: '1' }) });
	check('create', made.metadata.uid && made.data.x === '1', made);
	await refused('create twice', 409, 'AlreadyExists', () => core.createNamespacedConfigMap({ namespace, body: map('a') }));
	await refused('read what is not there', 404, 'NotFound', () => core.readNamespacedConfigMap({ namespace, name: 'zz' }));
	const patch = (type, body) => core.patchNamespacedConfigMap({ namespace, name: 'a', body, fieldManager: 'node', force: true },
		k8s.setHeaderOptions('Content-Type', type)).catch((e) => { throw e; });
	const merged = await core.patchNamespacedConfigMap({ namespace, name: 'a', body: { data: { y: '2' } } },
		k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch));
	check('merge patch', merged.data.y === '2' && merged.data.x === '1', merged.data);
	const strategic = await core.patchNamespacedConfigMap({ namespace, name: 'a', body: { data: { y: null } } },
		k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.StrategicMergePatch));
	check('strategic merge patch', strategic.data.y === undefined, strategic.data);
	const json = await core.patchNamespacedConfigMap({ namespace, name: 'a', body: [{ op: 'add', path: '/data/z', value: '3' }] },
		k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.JsonPatch));
	check('JSON patch', json.data.z === '3', json.data);
	const applied = await patch(k8s.PatchStrategy.ServerSideApply, { apiVersion: 'v1', kind: 'ConfigMap', ...map('a', { x: '7' }) });
	check('server-side apply', applied.data.x === '7' && applied.metadata.managedFields.some((m) => m.operation === 'Apply'), applied);
	made.data.x = '9';
	await refused('replace of an old version', 409, 'Conflict',
		() => core.replaceNamespacedConfigMap({ namespace, name: 'a', body: made }));
	for (let i = 0; i < 5; i++) await core.createNamespacedConfigMap({ namespace, body: map(`page-${i}`) });
	const names = [];
	let page;
	do {
		page = await core.listNamespacedConfigMap({ namespace, labelSelector: 'by=node', limit: 2, _continue: page?.metadata._continue });
		names.push(...page.items.map((m) => m.metadata.name));
	} while (page.metadata._continue);
	check('list in pages', names.join() === 'a,page-0,page-1,page-2,page-3,page-4', names);
}

// The events of a watch from a resourceVersion until `enough` of them came.
async function watched(resourceVersion, enough, meanwhile) {
	const seen = [];
	let done;
	const ended = new Promise((resolve) => (done = resolve));
	const controller = await new k8s.Watch(config).watch(path, { resourceVersion, labelSelector: 'by=node' }, (type, object) => {
		seen.push({ type, name: object.metadata.name, rv: object.metadata.resourceVersion });
		if (seen.length >= enough) done();
	}, done);
	await meanwhile?.();
	await Promise.race([ended, sleep(5000)]);
	controller.abort();
	return seen;
}
const words = (events) => events.map((e) => `${e.type} ${e.name}`).join(', ');

async function watches() {
	const at = (await core.listNamespacedConfigMap({ namespace })).metadata.resourceVersion;
	const first = await watched(at, 1, () => core.createNamespacedConfigMap({ namespace, body: map('w1', { k: 'v' }) }));
	check('watch tells of what is made', words(first) === 'ADDED w1', first);
	await core.createNamespacedConfigMap({ namespace, body: map('w2') });
	await core.deleteNamespacedConfigMap({ namespace, name: 'w1' });
	const rest = await watched(first[0].rv, 2);
	check('watch resumes without gap or repeat', words(rest) === 'ADDED w2, DELETED w1', rest);

	const informer = k8s.makeInformer(config, path, () => core.listNamespacedConfigMap({ namespace }));
	const heard = [];
	informer.on('add', (o) => heard.push(`+${o.metadata.name}`));
	informer.on('delete', (o) => heard.push(`-${o.metadata.name}`));
	await informer.start();
	await core.createNamespacedConfigMap({ namespace, body: map('i1') });
	await core.deleteNamespacedConfigMap({ namespace, name: 'i1' });
	for (let i = 0; i < 50 && !heard.includes('-i1'); i++) await sleep(50);
	await informer.stop();
	check('an informer lists, then watches', heard.includes('+a') && heard.indexOf('+i1') > 0 && heard.includes('-i1'), heard);
}

class Text extends Writable {
	text = '';
	_write(chunk, encoding, next) {
		this.text += chunk;
		next();
	}
}
async function exec(command, input) {
	const out = new Text(), err = new Text();
	let done;
	const status = new Promise((resolve) => (done = resolve));
	await new k8s.Exec(config).exec(namespace, 'p', 'c', command, out, err, input ? Readable.from([input]) : null, false, done);
	return { status: await Promise.race([status, sleep(10000)]), out: out.text, err: err.text };
}

async function pods() {
	const command = ['sh', '-c', 'echo started; while :; do sleep 1; done'];
	await core.createNamespacedPod({ namespace, body: {
		metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'busybox', command }] } } });
	let phase;
	for (let i = 0; i < 200 && phase !== 'Running'; i++) {
		phase = (await core.readNamespacedPodStatus({ namespace, name: 'p' })).status.phase;
		if (phase !== 'Running') await sleep(100);
	}
	check('a pod runs', phase === 'Running', phase);
	const both = await exec(['sh', '-c', 'echo out; echo err >&2']);
	check('exec', both.out === 'out\n' && both.err === 'err\n' && both.status?.status === 'Success', both);
	const typed = await exec(['sh', '-c', 'read x; echo got $x'], 'typed\n');
	check('exec with stdin', typed.out === 'got typed\n', typed);
	const code = (await exec(['sh', '-c', 'exit 3'])).status;
	check("exec's exit code", code?.status === 'Failure' && code.details?.causes?.[0]?.message === '3', code);
	check('logs', (await core.readNamespacedPodLog({ namespace, name: 'p' })).startsWith('started'));
	await core.deleteNamespacedPod({ namespace, name: 'p', gracePeriodSeconds: 0 });
}

async function workloads() {
	const labels = { a: 'd' };
	await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: 'd' }, spec: { replicas: 0, selector: {
		matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx:1.14' }] } } } } });
	const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'd' });
	check('scale', scale.spec.replicas === 0 || scale.spec.replicas === undefined, scale);
	const objects = k8s.KubernetesObjectApi.makeApiClient(config);
	const read = await objects.read({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', namespace } });
	check('the generic client finds the kind by discovery', read.metadata.uid, read);
	const version = await config.makeApiClient(k8s.VersionApi).getCode();
	check('version', version.gitVersion.startsWith('v1.33'), version);
}

await core.createNamespace({ body: { metadata: { name: namespace } } });
try {
	for (let i = 0; i < 50 && !(await core.listNamespacedServiceAccount({ namespace })).items.length; i++) await sleep(50);
	await objects();
	await watches();
	await workloads();
	await pods();
} finally {
	await core.deleteNamespace({ name: namespace });
}
process.exit(failed ? 1 : 0);

//! What a launch file means, and what is refused with its line.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use servomesh_cli::launch::{self, Argument, Host, Plan};

/// A folder with a launch file `main.launch.xml`, other files, and an installed package `demo` with executable `node`.
struct Workspace {
    folder: tempfile::TempDir,
    host: Host,
}

impl Workspace {
    fn new(body: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        write(
            &root.join("main.launch.xml"),
            &format!("<launch>\n{body}\n</launch>\n"),
        );
        write(
            &root.join("prefix/share/ament_index/resource_index/packages/demo"),
            "",
        );
        write(&root.join("prefix/share/demo/package.xml"), "");
        executable(&root.join("prefix/lib/demo/node"));
        executable(&root.join("target/safety"));
        let environment = [
            ("AMENT_PREFIX_PATH".into(), root.join("prefix").into()),
            ("PATH".into(), root.join("target").into()),
            ("HOST".into(), "here".into()),
        ];
        let host = Host {
            environment: environment.into(),
            executables: Some(root.join("target")),
        };
        Self { folder, host }
    }

    fn file(self, path: &str, text: &str) -> Self {
        write(&self.folder.path().join(path), text);
        self
    }

    fn resolve(&self, arguments: &[&str]) -> Result<Plan, String> {
        let arguments: Result<Vec<_>, _> = arguments.iter().map(|text| launch::argument(text)).collect();
        arguments
            .and_then(|arguments| {
                launch::resolve(
                    &self.folder.path().join("main.launch.xml"),
                    &arguments,
                    &self.host,
                )
            })
            .map_err(|error| {
                error
                    .to_string()
                    .replace(&format!("{}/", self.folder.path().display()), "")
            })
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

fn executable(path: &Path) {
    write(path, "");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("permissions");
}

/// Commands of a plan, one line each; parameters as `{node name: value, …}`; the folder of the test taken out.
fn commands(workspace: &Workspace, plan: &Plan) -> Vec<String> {
    let word = |argument: &Argument| match argument {
        Argument::Text(word) => word.clone(),
        Argument::Parameters(parameters) => {
            let values: Vec<_> = parameters
                .values
                .iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            format!("{{{} {}}}", parameters.node, values.join(", "))
        }
    };
    let folder = format!("{}/", workspace.folder.path().display());
    let line = |words: Vec<String>| {
        words
            .join(" ")
            .replace(&folder, "")
            .replace("prefix/lib/demo/", "")
    };
    plan.processes
        .iter()
        .map(|process| line(process.command.iter().map(word).collect()))
        .collect()
}

fn check(body: &str, arguments: &[&str], expected: &[&str]) {
    check_in(&Workspace::new(body), arguments, expected);
}

fn check_in(workspace: &Workspace, arguments: &[&str], expected: &[&str]) {
    match workspace.resolve(arguments) {
        Ok(plan) => assert_eq!(commands(workspace, &plan), expected),
        Err(error) => panic!("{error}"),
    }
}

fn refused(body: &str, arguments: &[&str], expected: &str) {
    refused_in(&Workspace::new(body), arguments, expected);
}

fn refused_in(workspace: &Workspace, arguments: &[&str], expected: &str) {
    let error = workspace.resolve(arguments).expect_err("an error");
    assert!(
        error.contains(expected),
        "{error}\n  does not contain\n{expected}"
    );
}

#[test]
fn a_node_gets_the_command_line_that_ros2_launch_gives_it() {
    check(
        r#"<node pkg="demo" exec="node"/>
           <node pkg="demo" exec="node" name="a" namespace="b" args="x 'y z'" ros_args="--log-level debug">
             <remap from="p" to="/q"/>
             <param name="rate" value="5"/>
           </node>"#,
        &[],
        &[
            "node --ros-args",
            "node x y z --ros-args --log-level debug --ros-args -r __node:=a -r __ns:=/b --params-file {/b/a rate: 5} -r p:=/q",
        ],
    );
}

#[test]
fn arguments_have_defaults_and_choices() {
    let body = r#"<arg name="a" default="1"/><arg name="b" default="$(var a)2"/>
        <arg name="mode"><choice value="fast"/><choice value="slow"/></arg>
        <node pkg="demo" exec="node" args="$(var b) $(var mode)"/>"#;
    check(body, &["mode:=fast"], &["node 12 fast --ros-args"]);
    check(
        body,
        &["mode:=slow", "a:=x:=y", "a:=z"],
        &["node z2 slow --ros-args"],
    );
    refused(
        body,
        &[],
        "main.launch.xml:3:9: argument `mode` (no description) has no default and was not given",
    );
    refused(
        body,
        &["mode:=none"],
        "main.launch.xml:3:9: argument `mode` is \"none\"; choices: fast, slow",
    );
    refused(
        body,
        &["mode:=fast", "sped:=2"],
        "argument `sped` is not known to main.launch.xml; it declares: a, b, mode",
    );
    refused(body, &["mode=fast"], "expected `name:=value`");
    refused(body, &["mode:="], "expected `name:=value`");
}

#[test]
fn groups_restore_variables_environment_and_namespace() {
    let workspace = Workspace::new(
        r#"<let name="v" value="1"/>
        <group>
          <let name="v" value="2"/><set_env name="E" value="e"/><unset_env name="HOST"/>
          <push_ros_namespace namespace="cell"/>
          <group><push-ros-namespace namespace="left"/><node pkg="demo" exec="node" args="$(var v)"/></group>
          <node pkg="demo" exec="node"/>
        </group>
        <group scoped="false"><let name="v" value="3"/></group>
        <node pkg="demo" exec="node" args="$(var v) $(env HOST)"/>"#,
    );
    let plan = workspace.resolve(&[]).expect("a plan");
    assert_eq!(
        commands(&workspace, &plan),
        [
            "node 2 --ros-args -r __ns:=/cell/left",
            "node --ros-args -r __ns:=/cell",
            "node 3 here --ros-args",
        ]
    );
    let changes = BTreeMap::from([("E".to_owned(), Some("e".to_owned())), ("HOST".to_owned(), None)]);
    assert_eq!(plan.processes[0].environment, changes);
    assert_eq!(plan.processes[2].environment, BTreeMap::new());
}

#[test]
fn conditions_stand_on_every_element() {
    let body = r#"<arg name="sim" default="true"/>
        <let name="x" value="a"/><let name="x" value="b" unless="$(var sim)"/>
        <group if="$(not $(var sim))"><node pkg="demo" exec="node" args="real"/></group>
        <node pkg="demo" exec="node" args="$(var x)" if=" True "/>"#;
    check(body, &[], &["node a --ros-args"]);
    check(body, &["sim:=0"], &["node real --ros-args", "node b --ros-args"]);
    refused(body, &["sim:=perhaps"], "main.launch.xml:3:");
    refused(
        r#"<node pkg="demo" exec="node" if="yes"/>"#,
        &[],
        "`if` is \"yes\"; expected true, 1, false or 0",
    );
    refused(
        r#"<let name="a" value="b" if="1" unless="1"/>"#,
        &[],
        "2:1: <let> cannot have both `if` and `unless`",
    );
}

#[test]
fn parameters_keep_their_order_and_types() {
    let body = r#"<arg name="gain" default="2.5"/>
        <node pkg="demo" exec="node" name="n">
          <param name="a" value="1"/>
          <param name="b" value="'1'"/>
          <param from="$(dirname)/p.yaml"/>
          <param name="a" value="2"/>
          <param name="servo">
            <param name="gain" value="$(var gain)"/>
            <param name="id" value="$(var gain)" type="str"/>
            <param name="limits" value="[0.5, $(var gain)]"/>
          </param>
        </node>"#;
    let workspace = Workspace::new(body).file("p.yaml", "/**: {ros__parameters: {c: 1}}\n");
    check_in(
        &workspace,
        &[],
        &[concat!(
            "node --ros-args -r __node:=n --params-file {/** a: 1, b: \"1\"} --params-file p.yaml ",
            "--params-file {/** a: 2, servo.gain: 2.5, servo.id: \"2.5\", servo.limits: [0.5, 2.5]}"
        )],
    );
    refused_in(
        &workspace,
        &["gain:=2"],
        "parameter `servo.limits`: 2 in [0.5, 2]: all items of a list must have one type",
    );
}

#[test]
fn unusable_parameters_are_refused() {
    let node = |param: &str| format!("<node pkg=\"demo\" exec=\"node\">\n{param}\n</node>");
    let check = |param: &str, expected: &str| refused(&node(param), &[], expected);
    check(r#"<param name="a"/>"#, "3:1: <param> needs the attribute `value`");
    check(
        r#"<param name="a" value="1:30"/>"#,
        "parameter `a`: \"1:30\" is a number in base 60 in YAML 1.1",
    );
    check(
        r#"<param name="a" value="x" type="int"/>"#,
        "parameter `a`: \"x\" is not an int",
    );
    check(
        r#"<param name="a" value="1" type="double"/>"#,
        "`type` is \"double\"; expected str, bool, int",
    );
    check(
        r#"<param name="a" value="1"><param name="b" value="1"/></param>"#,
        "both `value` and nested <param>",
    );
    check(r#"<param from="none.yaml"/>"#, "none.yaml: No such file");
    check(
        r#"<param from="a" name="b"/>"#,
        "cannot have both `from` and `name`",
    );
    check(
        r#"<param from="a" allow_substs="true"/>"#,
        "attribute `allow_substs` of <param> is not supported; supported: from",
    );
}

#[test]
fn what_is_not_supported_is_named_with_its_line() {
    refused(
        "\n  <timer period=\"1\"/>",
        &[],
        "main.launch.xml:3:3: <timer> is not supported inside <launch>; supported there: arg, let",
    );
    refused(
        r#"<node pkg="demo" exec="node" nmae="x"/>"#,
        &[],
        "2:30: attribute `nmae` of <node> is not supported; supported: pkg",
    );
    refused(
        r#"<node pkg="demo" exec="node"><foo/></node>"#,
        &[],
        "<foo> is not supported inside <node>; supported there: param, remap, env",
    );
    refused(
        r#"<node pkg="demo"/>"#,
        &[],
        "2:1: <node> needs the attribute `exec`",
    );
    refused(
        r#"<group if="false"><let name="a"/></group>"#,
        &[],
        "2:19: <let> needs the attribute `value`",
    );
    refused("stray text", &[], "text between tags has no meaning");
    refused("<node", &[], "main.launch.xml:3:1: not well-formed XML");
    refused(
        r#"<let name="a" value="$(eval '1')"/>"#,
        &[],
        "2:22: in \"$(eval '1')\": `$(eval …)` is not supported",
    );
    refused(
        r#"<node pkg="demo" exec="node" respawn_delay="-1"/>"#,
        &[],
        "2:45: attribute `respawn_delay` is \"-1\"",
    );
    refused(
        r#"<node pkg="demo" exec="node" on_exit="restart"/>"#,
        &[],
        "expected shutdown",
    );
    refused(
        r#"<node pkg="demo" exec="node" output="nowhere"/>"#,
        &[],
        "expected screen, log, both",
    );
    refused(
        r#"<node pkg="demo" exec="node" name="a-b"/>"#,
        &[],
        "2:36: node name \"a-b\"",
    );
    refused(
        r#"<push_ros_namespace namespace="a-b"/>"#,
        &[],
        "2:32: namespace \"/a-b\"",
    );
    refused(
        r#"<set_env name="" value="b"/>"#,
        &[],
        "expected the name of an environment variable",
    );
    let workspace = Workspace::new("").file("main.launch.xml", "<robot/>");
    refused_in(
        &workspace,
        &[],
        "main.launch.xml:1:1: the root element is <robot>",
    );
}

#[test]
fn executables_run_any_program() {
    let workspace = Workspace::new(
        r#"<executable cmd="/bin/sh -c 'echo $(env HOST)'" cwd="/tmp" respawn="true" respawn_delay="0.5">
             <env name="A" value="b"/>
           </executable>
           <executable cmd="/bin/sh" name="shell" on_exit="shutdown" launch-prefix="nice -n 1"/>"#,
    );
    let error = workspace.resolve(&[]).expect_err("a quote around a substitution");
    assert!(error.contains("2:18"), "{error}");
    assert!(error.contains("a substitution cannot stand in quotes"), "{error}");

    let workspace = Workspace::new(
        r#"<executable cmd="/bin/sh -c 'echo a'" cwd="/tmp" respawn="true" respawn_delay="0.5">
             <env name="A" value="b"/>
           </executable>
           <executable cmd="/bin/sh" on_exit="shutdown" launch-prefix="nice -n 1"/>"#,
    );
    let plan = workspace.resolve(&[]).expect("a plan");
    assert_eq!(
        commands(&workspace, &plan),
        ["/bin/sh -c echo a", "nice -n 1 /bin/sh"]
    );
    let [first, second] = plan.processes.as_slice() else {
        panic!("{plan:?}")
    };
    assert_eq!((first.label.as_str(), second.label.as_str()), ("sh", "sh-2"));
    assert_eq!(first.folder.as_deref(), Some(Path::new("/tmp")));
    assert_eq!(first.respawn.map(|respawn| respawn.delay.as_millis()), Some(500));
    assert!(second.ends_all && second.respawn.is_none());
}

#[test]
fn an_included_file_shares_the_scope() {
    let included = r#"<launch><arg name="x" default="d"/><arg name="y"/>
        <let name="leak" value="$(var x)$(var y)"/></launch>"#;
    let body = r#"<include file="$(dirname)/inc.launch.xml"><arg name="y" value="Y"/></include>
        <node pkg="demo" exec="node" args="$(var leak) $(var y)"/>"#;
    check_in(
        &Workspace::new(body).file("inc.launch.xml", included),
        &[],
        &["node dY Y --ros-args"],
    );

    let grouped = format!("<group>{body}</group><node pkg=\"demo\" exec=\"node\" args=\"$(var x none)\"/>");
    let workspace = Workspace::new(&grouped).file("inc.launch.xml", included);
    check_in(&workspace, &[], &["node dY Y --ros-args", "node none --ros-args"]);

    let missing = r#"<let name="y" value="1"/><include file="$(dirname)/inc.launch.xml"/>"#;
    let workspace = Workspace::new(missing).file("inc.launch.xml", included);
    refused_in(
        &workspace,
        &[],
        "main.launch.xml:2:26: argument `y` (no description) has no default and was not given",
    );

    refused(
        r#"<include file="$(dirname)/main.launch.xml"/>"#,
        &[],
        "does the file include itself?",
    );
    refused(
        r#"<include file="x.launch.py"/>"#,
        &[],
        "only launch files in XML",
    );
    refused(
        r#"<include file="none.launch.xml"/>"#,
        &[],
        "none.launch.xml: No such file",
    );
}

#[test]
fn dirname_is_the_folder_of_its_file() {
    let workspace = Workspace::new(
        r#"<let name="here" value="$(dirname)"/><include file="$(dirname)/sub/inc.launch.xml"/>
        <node pkg="demo" exec="node" args="$(var here)/x"/>"#,
    )
    .file(
        "sub/inc.launch.xml",
        r#"<launch><node pkg="demo" exec="node" args="$(dirname)/y"/></launch>"#,
    );
    check_in(&workspace, &[], &["node sub/y --ros-args", "node x --ros-args"]);

    let after = Workspace::new(
        r#"<include file="$(dirname)/sub/inc.launch.xml"/><let name="here" value="$(dirname)"/>"#,
    )
    .file("sub/inc.launch.xml", "<launch/>");
    refused_in(&after, &[], "`$(dirname)` after an <include>");
}

#[test]
fn packages_are_found_installed_or_in_the_workspace() {
    let manifest = "<package><name>servomesh_bringup</name></package>";
    let workspace = Workspace::new(
        r#"<node pkg="servomesh" exec="safety" args="$(find-pkg-share servomesh_bringup)/x $(find-pkg-share demo)"/>"#,
    )
    .file("package.xml", manifest);
    let root = workspace.folder.path().display().to_string();
    let plan = workspace.resolve(&[]).expect("a plan");
    assert_eq!(
        commands(&workspace, &plan),
        [format!("target/safety x {root}/prefix/share/demo --ros-args").replace(&format!("{root}/"), "")]
    );

    refused(
        r#"<node pkg="demo" exec="none"/>"#,
        &[],
        "executable `none` of package `demo` not found; tried:\n  prefix/lib/demo/none is not",
    );
    refused(
        r#"<node pkg="servomesh" exec="none"/>"#,
        &[],
        "target/none (beside this command) is not an executable file",
    );
    refused(
        r#"<let name="a" value="$(find-pkg-share nobody)"/>"#,
        &[],
        "no package.xml of that name in",
    );
}

#[test]
fn the_launch_prefix_goes_before_every_command() {
    let body = r#"<node pkg="demo" exec="node"/><node pkg="demo" exec="node" launch-prefix=""/>"#;
    check(
        body,
        &["launch-prefix:=gdb --args"],
        &["gdb --args node --ros-args", "node --ros-args"],
    );
}

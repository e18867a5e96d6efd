//! Meshes from files: where a description's file name points to, and the points in it. STL (binary and text) and OBJ. Lengths in m.
//!
//! **Invariant:** whatever can't be used is an error with its reason; no part of a mesh is left out silently.

use std::path::{Path, PathBuf};

use nalgebra::{Point3, Vector3};

/// Reads a mesh's points, scaled. The error is a reason for a person.
pub(crate) fn read(
    filename: &str,
    scale: &Vector3<f64>,
    folders: &[PathBuf],
) -> Result<Vec<Point3<f64>>, String> {
    let path = find(filename, folders)?;
    let scene = mesh_loader::Loader::default()
        .load(&path)
        .map_err(|reason| reason.to_string())?;
    let points: Vec<Point3<f64>> = scene
        .meshes
        .iter()
        .flat_map(|mesh| &mesh.vertices)
        .map(|vertex| vertex.map(f64::from).into())
        .map(|point: Point3<f64>| Point3::from(point.coords.component_mul(scale)))
        .collect();
    if points.is_empty() {
        return Err("it has no points".to_owned());
    }
    match points
        .iter()
        .flat_map(Point3::iter)
        .find(|value| !value.is_finite())
    {
        Some(value) => Err(format!("a coordinate is {value}")),
        None => Ok(points),
    }
}

fn find(filename: &str, folders: &[PathBuf]) -> Result<PathBuf, String> {
    let in_folder = |folder: &PathBuf, path: &str| -> Vec<PathBuf> {
        let mut places = vec![folder.join(path)];
        if let Some((package, rest)) = path.split_once('/')
            && folder.ends_with(package)
        {
            places.push(folder.join(rest));
        }
        places
    };
    let places: Vec<PathBuf> = if let Some(path) = filename.strip_prefix("file://") {
        vec![PathBuf::from(path)]
    } else if let Some(path) = filename.strip_prefix("package://") {
        folders
            .iter()
            .flat_map(|folder| in_folder(folder, path))
            .collect()
    } else if Path::new(filename).is_absolute() {
        vec![PathBuf::from(filename)]
    } else {
        folders.iter().map(|folder| folder.join(filename)).collect()
    };
    if let Some(found) = places.iter().find(|place| place.is_file()) {
        return Ok(found.clone());
    }
    let tried: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    Err(if tried.is_empty() {
        "no folder was given to look for it".to_owned()
    } else {
        format!("not found as {}", tried.join(" or "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT_STL: &str = "solid t\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0.5\nendloop\nendfacet\nendsolid t\n";
    const OBJ: &str = "v 0 0 0\nv 1 0 0\nv 0 1 0.5\nf 1 2 3\n";

    fn binary_stl() -> Vec<u8> {
        // Some programs begin binary files with the word of text files too.
        let mut bytes = b"solid in name only".to_vec();
        bytes.resize(80, 0);
        bytes.extend(1_u32.to_le_bytes());
        let triangle = [0.0_f32, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.5];
        triangle
            .iter()
            .for_each(|value| bytes.extend(value.to_le_bytes()));
        bytes.extend([0, 0]);
        bytes
    }

    #[test]
    fn text_and_binary_stl_and_obj_give_the_same_points() {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("arm_description");
        std::fs::create_dir(&package).unwrap();
        std::fs::write(package.join("text.stl"), TEXT_STL).unwrap();
        std::fs::write(package.join("binary.STL"), binary_stl()).unwrap();
        std::fs::write(package.join("shape.obj"), OBJ).unwrap();
        let scale = Vector3::new(2.0, 1.0, 10.0);
        for (root, filename) in [
            (folder.path(), "package://arm_description/text.stl"),
            (folder.path(), "package://arm_description/binary.STL"),
            (&package, "package://arm_description/shape.obj"),
            (&package, "shape.obj"),
        ] {
            let points = read(filename, &scale, &[root.to_owned()]).unwrap();
            for expected in [
                Point3::origin(),
                Point3::new(2.0, 0.0, 0.0),
                Point3::new(0.0, 1.0, 5.0),
            ] {
                assert!(points.contains(&expected), "{filename}: {points:?}");
            }
        }
        let absolute = format!("file://{}", package.join("text.stl").display());
        assert!(read(&absolute, &scale, &[]).is_ok());
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cut.stl"), &binary_stl()[..100]).unwrap();
        std::fs::write(folder.path().join("empty.obj"), "# nothing\n").unwrap();
        std::fs::write(
            folder.path().join("nan.obj"),
            "v 0 nan 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n",
        )
        .unwrap();
        std::fs::write(folder.path().join("scene.dae"), "<COLLADA/>").unwrap();
        let folders = [folder.path().to_owned()];
        for (filename, reason) in [
            ("package://other/a.stl", "not found as"),
            ("cut.stl", ""),
            ("empty.obj", "no points"),
            ("nan.obj", ""),
            ("scene.dae", "must be enabled"),
        ] {
            let error = read(filename, &Vector3::repeat(1.0), &folders).unwrap_err();
            assert!(error.contains(reason), "{filename}: {error}");
        }
        let error = read("package://other/a.stl", &Vector3::repeat(1.0), &[]).unwrap_err();
        assert!(error.contains("no folder"), "{error}");
    }
}

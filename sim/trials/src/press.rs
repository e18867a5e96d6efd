//! What the machine presses on, by the simulation's own contacts. Forces in N.
//!
//! **Invariant:** parts that lie on the belt, and whatever else touches without the machine, are no part of it.

use servomesh_sim::Plant;
use servomesh_sim::mechanics::Carrier;

/// A contact of a link that joints move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Press<'a> {
    /// How hard.
    pub(crate) force: f64,
    /// On what: a thing of the scene, a part that it may hold, or itself.
    pub(crate) on: &'a str,
}

/// All that it presses on.
pub(crate) fn presses(plant: &Plant) -> impl Iterator<Item = Press<'_>> {
    let (world, model) = (plant.world(), plant.model());
    world.contacts().iter().filter_map(move |contact| {
        let force = contact.force.norm();
        let carriers = contact.shapes.map(|shape| world.carrier(shape));
        let moves = |carrier: &Carrier| matches!(carrier, Carrier::Link(link) if !model.is_rigid_with(*link, model.root()));
        if force <= 0.0 || !carriers.iter().any(moves) {
            return None;
        }
        if carriers.iter().any(|carrier| matches!(carrier, Carrier::Body(_))) {
            return Some(Press { force, on: "a part" });
        }
        let mut things = plant.scene().iter();
        let thing = things.find(|thing| contact.shapes.contains(&thing.id));
        let on = thing.map_or("itself", |thing| thing.name.as_str());
        Some(Press { force, on })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_sim::harness::job::AT_BELT;
    use servomesh_sim::harness::{ARM, Cell, CellFiles, NetworkConfig};
    use std::time::Duration;

    #[test]
    fn parts_on_the_belt_are_not_pressed_on_but_the_belt_is_by_fingers_that_are_too_low() {
        let files = CellFiles::default_cell().expect("sound");
        let mut cell = Cell::new(&files, NetworkConfig::default(), 1).expect("they fit");
        cell.run_for(Duration::from_millis(20));
        let plant = cell.hardware().plant();
        assert!(
            plant
                .world()
                .contacts()
                .iter()
                .any(|contact| contact.force.norm() > 0.1),
            "parts lie on the belt"
        );
        assert_eq!(presses(plant).next(), None);

        let mut positions = plant.positions().to_vec();
        for (name, position) in ARM.iter().zip(AT_BELT) {
            positions[files.model.joint_index(name).expect("it is there")] = position;
        }
        positions[files.model.joint_index(ARM[1]).expect("it is there")] += 0.05;
        cell.hardware().plant_mut().place(&positions).expect("finite");
        cell.run_for(Duration::from_millis(2));
        let pressed: Vec<_> = presses(cell.hardware().plant()).collect();
        assert!(
            pressed
                .iter()
                .any(|press| press.on == "belt" && press.force > 1.0),
            "{pressed:?}"
        );
    }
}

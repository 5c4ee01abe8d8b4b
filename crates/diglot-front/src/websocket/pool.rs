//! The states of DEFLATE, tens to hundreds of kilobytes each. They belong to a thread, which lends one to a
//! message for as long as that lasts.

use std::cell::{Cell, RefCell};
use std::thread::LocalKey;

/// The states of one sort of a thread.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    /// Those that no message needs.
    kept: RefCell<Vec<Box<T>>>,
    /// How many are lent.
    lent: Cell<usize>,
}

impl<T> Shelf<T> {
    pub(super) const fn new() -> Self {
        Self { kept: RefCell::new(Vec::new()), lent: Cell::new(0) }
    }
}

/// What a thread can lend.
pub(super) trait Lent: Sized + 'static {
    /// How many of them a thread keeps; those beyond are freed.
    const KEPT_MAX: usize;
    /// How many of them it lends at a time.
    const LENT_MAX: usize;

    /// Where the thread keeps them.
    fn shelf() -> &'static LocalKey<Shelf<Self>>;

    /// Makes it as good as new.
    fn reset(&mut self);
}

/// One that is lent, or none. It goes back when this is dropped.
#[derive(Debug)]
pub(super) struct Lease<T: Lent>(Option<Box<T>>);

impl<T: Lent> Default for Lease<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Lent> Lease<T> {
    /// Borrows from the thread one that `fits`, or makes one; none if it has lent as many as it may.
    pub(super) fn begin(fits: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> Self {
        let kept = T::shelf().try_with(|shelf| {
            if shelf.lent.get() >= T::LENT_MAX {
                return None;
            }
            shelf.lent.set(shelf.lent.get() + 1);
            let mut kept = shelf.kept.borrow_mut();
            let place = kept.iter().rposition(|kept| fits(kept));
            Some(place.map(|place| kept.swap_remove(place)))
        });
        // A thread that is ending keeps nothing any more, and counts nothing.
        Self(kept.unwrap_or(Some(None)).map(|kept| kept.unwrap_or_else(|| Box::new(make()))))
    }

    pub(super) fn get(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }

    pub(super) fn peek(&self) -> Option<&T> {
        self.0.as_deref()
    }

    /// Whether there is one.
    pub(super) fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// Gives it back.
    pub(super) fn end(&mut self) {
        let Some(mut state) = self.0.take() else { return };
        // What cannot be kept is dropped: the thread is ending, or has enough.
        let _ = T::shelf().try_with(|shelf| {
            shelf.lent.set(shelf.lent.get().saturating_sub(1));
            let mut kept = shelf.kept.borrow_mut();
            if kept.len() < T::KEPT_MAX {
                state.reset();
                kept.push(state);
            }
        });
    }
}

impl<T: Lent> Drop for Lease<T> {
    fn drop(&mut self) {
        self.end();
    }
}

//! The states of DEFLATE, tens to hundreds of kilobytes each. They belong to a thread, which lends one to a
//! message for as long as that lasts.

use std::cell::RefCell;
use std::thread::LocalKey;

/// The states of one sort a thread keeps while no message needs them.
pub(super) type Shelf<T> = RefCell<Vec<Box<T>>>;

/// What a thread can lend.
pub(super) trait Lent: Sized + 'static {
    /// How many of them a thread keeps; those beyond are freed.
    const KEPT_MAX: usize;

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
    /// Borrows from the thread one that `fits`, or makes one.
    pub(super) fn begin(fits: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> Self {
        let kept = T::shelf().try_with(|shelf| {
            let mut shelf = shelf.borrow_mut();
            let place = shelf.iter().rposition(|kept| fits(kept))?;
            Some(shelf.swap_remove(place))
        });
        // A thread that is ending keeps nothing any more.
        Self(Some(kept.ok().flatten().unwrap_or_else(|| Box::new(make()))))
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
            let mut shelf = shelf.borrow_mut();
            if shelf.len() < T::KEPT_MAX {
                state.reset();
                shelf.push(state);
            }
        });
    }
}

impl<T: Lent> Drop for Lease<T> {
    fn drop(&mut self) {
        self.end();
    }
}

//! Services: requests that are answered when the answer is known.

use super::stream::Queue;
use r2r::{ServiceRequest, WrappedServiceTypeSupport};

/// A service this node offers.
pub struct Service<T: WrappedServiceTypeSupport + 'static> {
    requests: Queue<ServiceRequest<T>>,
}

/// A request that waits for its answer.
pub struct Request<T: WrappedServiceTypeSupport + 'static> {
    request: ServiceRequest<T>,
}

impl<T: WrappedServiceTypeSupport + 'static> Service<T> {
    pub(super) fn new(requests: Queue<ServiceRequest<T>>) -> Self {
        Self { requests }
    }

    /// The next request, if one is there.
    pub fn take(&mut self) -> Option<Request<T>> {
        self.requests.take().map(|request| Request { request })
    }
}

impl<T: WrappedServiceTypeSupport + 'static> Request<T> {
    /// What is asked for.
    pub fn message(&self) -> &T::Request {
        &self.request.message
    }

    /// Answers. A client that is gone by now is no error.
    pub fn respond(self, response: T::Response) {
        if let Err(error) = self.request.respond(response) {
            r2r::log_debug!("shell", "an answer found no client: {error}");
        }
    }
}

//! The pages of a client.

use crate::route::Routes;

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
}

//! Another life of the server: versions go on rising.

use super::{hall::Hall, site::version};

#[actix_web::test]
async fn a_restart_never_lowers_the_pair() {
    let mut hall = Hall::open(8, 10).await;
    let mut last = (0, 0);
    for life in 0..4 {
        let mut socket = hall.watcher_with_snapshot(life).await;
        assert!(version(&socket.1) > last, "{:?} after {last:?}", version(&socket.1));
        hall.book(life).await;
        let frame = socket.0.next_of("frame").await;
        assert!(version(&frame) > version(&socket.1));
        last = version(&frame);
        if life % 2 == 0 {
            let (restarted, code) = tokio::join!(hall.restart(), socket.0.close_code());
            assert_eq!(code, 1012, "come again soon");
            hall = restarted;
        } else {
            hall = hall.kill_and_start().await;
        }
        assert!(version(&hall.read().await) > last, "a new epoch");
    }
}

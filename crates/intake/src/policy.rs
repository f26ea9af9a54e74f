//! What a workspace says of posts that are late or fail.

use skein_domain::{GivenPolicy, Policy};

use crate::{Intake, IntakeError};

impl Intake {
    /// What the workspace says; what it leaves unsaid is as the program has it.
    ///
    /// # Errors
    /// Those of the ledger.
    pub async fn policy(&self) -> Result<Policy, IntakeError> {
        Ok(self.ledger.policy(&self.workspace).await?)
    }

    /// Sets what is given, and leaves the rest as it was; for posts that are submitted from now on. Returns what holds.
    ///
    /// # Errors
    /// `Refused`, with every fault at once; and those of the ledger.
    pub async fn set_policy(&self, given: &GivenPolicy) -> Result<Policy, IntakeError> {
        let given = given.read().map_err(IntakeError::Refused)?;
        let policy = given.or(self.policy().await?);
        self.ledger.set_policy(&self.workspace, &policy).await?;
        Ok(policy)
    }

    /// From now on the workspace says nothing.
    ///
    /// # Errors
    /// Those of the ledger.
    pub async fn forget_policy(&self) -> Result<(), IntakeError> {
        Ok(self.ledger.set_policy(&self.workspace, &Policy::default()).await?)
    }
}
